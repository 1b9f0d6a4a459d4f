"""What a change of the program does to a stack: `flask-on-aws review`, without an account, the engine or a plugin.

`inputs/` has the two graphs that are compared, `compare.py`, `matching.py` and `values.py` what differs between them,
`effects/` what a difference does on AWS and which data it loses, `cost/` what the stack costs, and `reports/` the
formats of the result, which is in `model.py` and `cost_model.py`. Only `main.py` may import this package.
"""

import os

# gRPC's library writes a line to standard error when a program closes its connection.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
