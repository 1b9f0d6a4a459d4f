"""What only AWS and DNS can answer: quotas, name servers, certificate authorities.

Imports `check.py` and `settings.py`; `run.py` imports it.
"""
