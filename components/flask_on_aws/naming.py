"""One name in two spellings: `min_tasks` in Python, `minTasks` in Pulumi's schemas and configuration."""

import re

PACKAGE = "flask-on-aws"

# AWS allows 32 characters for load balancers and target groups; auto-naming appends "-" and 7 characters.
LONGEST_PHYSICAL_NAME = 32
SUFFIX_LENGTH = 8


def camel_case(name: str) -> str:
    """`min_tasks` → `minTasks`."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def snake_case(name: str) -> str:
    """`minTasks` → `min_tasks`."""
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
