"""The checks that query AWS and DNS: quotas, name servers, certificate authorities.

Imports `check.py` and `settings.py`; `run.py` imports it.
"""
