"""What the resources of a stack cost in a month.

`prices.json` has AWS's prices, which `cli/prices.py` reads again; `usage.py` the assumptions that the program does not
decide. `stack.py` and the modules of `services/` turn a resource into lines of quantity and price, `registry.py` names
the function of each type, and what is free. `compare_costs.py` compares two snapshots, and `settings.py` what each
changed setting does. Imports `pulumi_engine`, and of `review` only `effects`, `inputs`, `matching` and the models.
"""
