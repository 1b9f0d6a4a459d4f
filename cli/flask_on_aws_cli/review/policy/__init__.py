"""The policy: rules about the resources of a stack, waivers, and what is new compared with before.

`rules/` has the rules, each a pure function over a `Node`, a resource, and the `Stack` that it belongs to; `rule.py`,
`stack.py`, `checks.py` and `documents.py` are what they are made of. `findings.py` evaluates them, `waivers.py` reads
why findings are accepted, `locations.py` finds the line to change, and `crossguard.py` is the same policy for Pulumi's
engine.

Imports `model.py` of `review`, `terraform_names.py` and `pulumi_engine.model`.
"""
