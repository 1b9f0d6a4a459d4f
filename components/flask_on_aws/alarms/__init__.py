"""CloudWatch alarms, the topic that they publish to, and a monthly budget.

Imports `secrets` for a key's policy; `flask_app` may import it.
"""
