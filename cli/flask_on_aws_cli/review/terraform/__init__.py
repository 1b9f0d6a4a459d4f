"""The resources of a stack as Terraform JSON, for scanners that do not read Pulumi, and for a move to Terraform.

`schema.json` has the arguments of the AWS provider's types; `cli/terraform_schema.py` writes it. `schema.py` finds an
argument by its name in Pulumi, `references.py` converts texts, and `export.py` writes the document.

Imports `effects.terraform_names` of `review`, and `pulumi_engine.model`.
"""
