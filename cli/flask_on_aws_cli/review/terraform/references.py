"""Texts with references of the evaluated program, as Terraform's templates."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ...pulumi_engine import Resource
from ...pulumi_engine.model.references import references
from ..effects.terraform_names import terraform_type
from .schema import resource_block

_REFERENCE = r"\$\{\w+ [^{}]+\.\w+\}"
_TEMPLATE = re.compile(r"([$%])\{")
_PLACEHOLDER_DIGITS = 8
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


def label_of(name: str) -> str:
    """The Terraform name of a resource with this logical name."""
    label = re.sub(r"\W", "_", name)
    return label if re.match(r"[A-Za-z_]", label) else f"_{label}"


def placeholder(text: str) -> str:
    """A value for a variable that must have one: it takes part in names, so it is the same each time."""
    return hashlib.sha256(text.encode()).hexdigest()[:_PLACEHOLDER_DIGITS]


class References:
    """Converts texts, and collects the variables that they need.

    Args:
        resources: those of the program.
        outputs: URN → the outputs with which the program ran, such as ARNs.
        account: the account in these ARNs.
    """

    def __init__(self, resources: Iterable[Resource], outputs: Mapping[str, Mapping[str, Any]], account: str) -> None:
        self.variables: dict[str, dict[str, Any]] = {}
        """Variables as in Terraform JSON."""
        self._account = account
        self._labels = dict(_labels(resources))
        custom = [each for each in resources if each.custom]
        self._resources = {(each.type.rpartition(":")[2].lower(), each.name.lower()): each for each in custom}
        self._texts = dict(self._output_texts(resources, outputs))
        longest_first = sorted(self._texts, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), _REFERENCE]))

    def label(self, resource: Resource) -> str:
        """The Terraform name of a resource, unique among those of its type."""
        return self._labels[resource.urn]

    def address(self, resource: Resource) -> str:
        """`aws_lb.app_alb`."""
        return f"{terraform_type(resource.type)}.{self.label(resource)}"

    def template(self, text: str) -> str:
        """A text of the program as a template."""
        parts: list[str] = []
        end = 0
        for match in self._pattern.finditer(text):
            parts += [self._literal(text[end : match.start()]), self._expression(match[0])]
            end = match.end()
        return "".join([*parts, self._literal(text[end:])])

    def variable(self, name: str, description: str, default: Any, sensitive: bool = False) -> str:
        """The template of a new variable."""
        self.variables[name] = {"description": description, "default": default}
        if sensitive:
            self.variables[name] |= {"type": "string", "sensitive": True}
        return f"${{var.{name}}}"

    def targets(self, value: Any) -> Iterator[str]:
        """The addresses of the resources that templates refer to."""
        if isinstance(value, str):
            yield from (match[1] for match in re.finditer(r"\$\{(aws_\w+\.\w+)\.", value))
        elif isinstance(value, Mapping):
            for item in cast(Mapping[str, Any], value).values():
                yield from self.targets(item)
        elif isinstance(value, list):
            for item in cast(list[Any], value):
                yield from self.targets(item)

    def _literal(self, text: str) -> str:
        escaped = _TEMPLATE.sub(r"\1\1{", text)
        if self._account and self._account in escaped:
            description = "The account; in the program's review it has the number of AWS's examples."
            account = self.variable("account_id", description, self._account)
            return _ACCOUNT.sub(lambda match: account if match[0] == self._account else match[0], escaped)
        return escaped

    def _expression(self, text: str) -> str:
        if text in self._texts:
            return self._texts[text]
        reference = next(references(text))
        # A program may have written a name in lower case.
        resource = self._resources.get((reference.type.lower(), reference.name.lower()))
        if resource is not None and (template := self._attribute(resource, reference.output)):
            return f"${{lower({template[2:-1]})}}" if reference.type.islower() else template
        kind = resource.type if resource else reference.type
        description = f"{reference.output} of {kind} {reference.name}; its value is in Pulumi's state."
        return self.variable(f"{label_of(reference.name)}_{reference.output}", description, placeholder(text))

    def _attribute(self, resource: Resource, output: str) -> str | None:
        block = resource_block(terraform_type(resource.type) or "")
        name = block.attribute(output) if block else None
        return f"${{{self.address(resource)}.{name}}}" if name else None

    def _output_texts(
        self, resources: Iterable[Resource], outputs: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[tuple[str, str]]:
        """ARNs and addresses that the program ran with → templates."""
        for resource in resources:
            for name, text in outputs.get(resource.urn, {}).items():
                is_made = isinstance(text, str) and ("${" in text or text.startswith("arn:"))
                if is_made and (template := self._attribute(resource, name)):
                    yield text, template


def _labels(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    taken: set[tuple[str, str]] = set()
    for resource in resources:
        label = label_of(resource.name)
        while (resource.type, label) in taken:
            label += "_"
        taken.add((resource.type, label))
        yield resource.urn, label
