"""Render. `blueprint.py` has the `Format`, and `model.py` what its modules share."""
