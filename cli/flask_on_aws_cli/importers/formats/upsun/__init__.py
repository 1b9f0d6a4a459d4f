"""Upsun and Platform.sh. `project.py` has the `Format`s; the other modules read one part of a project each."""
