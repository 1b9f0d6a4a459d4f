"""What only AWS and the domain name system know: quotas, name servers, certificates.

Imports `check.py` and `settings.py`; `run.py` imports it.
"""
