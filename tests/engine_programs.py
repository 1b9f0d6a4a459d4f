"""Writes small Pulumi programs for the tests of the in-process engine."""

import shutil
from pathlib import Path

# A custom resource of any type with any inputs; the outputs that it names become attributes.
PRELUDE = """
import pulumi

class Custom(pulumi.CustomResource):
    def __init__(self, type_, name, props=None, opts=None, outputs=()):
        super().__init__(type_, name, {**dict.fromkeys(outputs), **(props or {})}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, {}, opts)

"""


def write_program(folder: Path, body: str, stack: str = "config: {}") -> Path:
    """Write a project named `shop`, with a stack named `local`."""
    folder.mkdir(exist_ok=True)
    # Python takes compiled code for current if the source has its size and its time in whole seconds.
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.local.yaml").write_text(stack)
    (folder / "__main__.py").write_text(PRELUDE + body)
    return folder
