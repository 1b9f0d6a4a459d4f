"""What a difference does on AWS: replacement by the provider's own rules, restarts, downtime, and lost data.

Imports `model.py` and `values.py` of `review`, and `flask_on_aws.data_loss`.
"""
