"""AWS Copilot. `workloads.py` has the `Format`; the other modules read one part of a manifest each."""
