"""Writes the arguments and blocks of the Terraform AWS provider's types, for `flask-on-aws review --format terraform`.

    python cli/terraform_schema.py PATH_OF_TERRAFORM_PROVIDER_AWS

Writes `flask_on_aws_cli/review/terraform/schema.json`. Equal blocks are written once: the statements of a web ACL are
nested so deeply that they would fill megabytes.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES
from force_new import Provider

OUTPUT = Path(__file__).parent / "flask_on_aws_cli/review/terraform/schema.json"
# Arguments of a resource that Pulumi does not have.
LEFT_OUT = ("id", "tags_all")


class Blocks:
    """Blocks by number, equal ones once."""

    def __init__(self) -> None:
        self.descriptions: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    def number(self, block: Any, left_out: tuple[str, ...] = ()) -> int:
        """The number of a block.

        Args:
            block: as the provider describes it.
            left_out: arguments that it is written without. Default: none.
        """
        arguments: dict[str, Any] = {}
        required, computed = list[str](), list[str]()
        for attribute in sorted(block.attributes, key=lambda each: each.name):
            if not attribute.required and not attribute.optional:
                computed.append(attribute.name)
            elif attribute.name not in left_out:
                arguments[attribute.name] = json.loads(attribute.type)
            if attribute.required:
                required.append(attribute.name)
        nested = sorted(block.block_types, key=lambda each: each.type_name)
        blocks = {each.type_name: self.number(each.block) for each in nested if each.type_name != "timeouts"}
        description: dict[str, Any] = {"arguments": arguments, "required": required}
        description |= {"computed": computed, "blocks": blocks}
        text = json.dumps({key: value for key, value in description.items() if value})
        if text not in self._numbers:
            self._numbers[text] = len(self.descriptions)
            self.descriptions.append(json.loads(text))
        return self._numbers[text]


def main() -> None:
    """Ask the provider about every type that a review knows."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = Path(sys.argv[1])
    version = re.search(r"_v?(\d+\.\d+\.\d+)", binary.name)
    provider, blocks = Provider(binary), Blocks()
    try:
        kinds = sorted(kind for kind in set(TERRAFORM_TYPES.values()) if kind in provider.schemas)
        types = {kind: blocks.number(provider.schemas[kind], LEFT_OUT) for kind in kinds}
    finally:
        provider.stop()
    document = {"provider": version[1] if version else "unknown", "types": types, "blocks": blocks.descriptions}
    lines = json.dumps(document, separators=(",", ":")).replace(',{"', ',\n{"').replace('"blocks":[{', '"blocks":[\n{')
    OUTPUT.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
