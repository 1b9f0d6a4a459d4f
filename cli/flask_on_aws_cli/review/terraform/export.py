"""Writes the resources of a stack as a configuration in Terraform's JSON syntax.

Values that the program does not know, and all secrets, are variables: the file has no secret.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...pulumi_engine import Resource, Secret
from ...pulumi_engine.model import naming
from ...pulumi_engine.model.values import Unknown
from ..effects.terraform_names import RENAMED, canonical_type, terraform_type
from .references import References, label_of, placeholder
from .schema import Block, block, provider_version, resource_block

_PROVIDER = "pulumi:providers:aws"
_REGION = "region"
_TAGS = "aws:defaultTags"
# Type → arguments that must have a value, although the provider's schema does not require them.
_NEEDED: Mapping[str, Sequence[str]] = {
    "aws_ssm_parameter": ("value",),
    "aws_vpc_security_group_ingress_rule": ("prefix_list_id",),
}
# What proves to ACM that a domain is the account's: property of the record → field of the certificate's option.
_VALIDATION = {"name": "resource_record_name", "type": "resource_record_type", "records": "resource_record_value"}
_CERTIFICATE, _RECORD = "aws_acm_certificate", "aws_route53_record"


def as_terraform(
    resources: Sequence[Resource],
    outputs: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, str],
    region: str,
    account: str,
) -> str:
    """The configuration as text.

    Args:
        resources: everything that the program registers.
        outputs: URN → the outputs with which the program ran.
        config: the configuration of the stack, `namespace:key` → text.
        region: that of the stack.
        account: the account in the outputs.
    """
    return json.dumps(configuration(resources, outputs, config, region, account), indent=2, ensure_ascii=False) + "\n"


def configuration(
    resources: Sequence[Resource],
    outputs: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, str],
    region: str,
    account: str,
) -> dict[str, Any]:
    """The configuration as an object; see `as_terraform`."""
    export = _Export(resources, References(resources, outputs, account), region)
    blocks: dict[str, dict[str, Any]] = {}
    for resource in sorted(export.exported, key=lambda each: (each.type, each.name)):
        kind = terraform_type(resource.type) or ""
        blocks.setdefault(kind, {})[export.references.label(resource)] = export.block(resource)
    document: dict[str, Any] = {
        "//": export.notes(),
        # Without required_version: checkov's parser accepts only objects here.
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": f">= {provider_version()}"}}
        },
        "provider": {"aws": export.providers(_default_tags(config))},
        "variable": dict(sorted(export.references.variables.items())),
        "resource": blocks,
    }
    return {key: value for key, value in document.items() if value}


def _default_tags(config: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        tags: Any = json.loads(config.get(_TAGS, "{}"))
    except ValueError:
        return {}
    return cast(Mapping[str, Any], tags).get("tags", {}) if isinstance(tags, Mapping) else {}


class _Export:
    def __init__(self, resources: Sequence[Resource], references: References, region: str) -> None:
        self.references, self._region = references, region
        self._by_urn = {resource.urn: resource for resource in resources}
        custom = [resource for resource in resources if resource.custom]
        self.exported = [each for each in custom if resource_block(terraform_type(each.type) or "")]
        self._others = [each for each in custom if each not in self.exported and not each.type.startswith("pulumi:")]
        self._left_out: set[str] = set()
        self._regions = {self._region_of(resource) for resource in self.exported} - {region}

    def block(self, resource: Resource) -> dict[str, Any]:
        """A resource, with its options."""
        schema = resource_block(terraform_type(resource.type) or "")
        assert schema is not None  # noqa: S101 as in self.exported
        inputs = {**naming.preview(resource), **resource.inputs}
        if "name" in schema.required and "name" not in inputs and "name" not in RENAMED.get(resource.type, {}):
            inputs["name"] = resource.name
        result = self._values(inputs, schema, resource, "")
        if (region := self._region_of(resource)) != self._region:
            result["provider"] = f"aws.{label_of(region)}"
        if after := self._dependencies(resource, result):
            result["depends_on"] = after
        if lifecycle := self._lifecycle(resource, schema):
            result["lifecycle"] = lifecycle
        return result

    def providers(self, tags: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The provider of the stack's region, and one for each other region."""
        common = {"default_tags": [{"tags": dict(tags)}]} if tags else {}
        others = [{"alias": label_of(region), "region": region, **common} for region in sorted(self._regions)]
        return [{"region": self._region, **common}, *others]

    def notes(self) -> list[str]:
        """What the configuration does not have."""
        notes = ["Written by `flask-on-aws review --format terraform`."]
        notes += [f"Not in this file: {resource.label}." for resource in self._others]
        return notes + [f"Not in this version of the AWS provider: {name}." for name in sorted(self._left_out)]

    def _region_of(self, resource: Resource) -> str:
        provider = self._by_urn.get(resource.provider)
        explicit = resource.inputs.get(_REGION) or (provider.inputs.get(_REGION) if provider else None)
        return explicit if isinstance(explicit, str) else self._region

    def _values(self, values: Mapping[str, Any], schema: Block, resource: Resource, path: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in values.items():
            where = f"{path}{key}"
            name = schema.argument(RENAMED.get(canonical_type(resource.type), {}).get(key, key) if not path else key)
            if name is None:
                if not (key == _REGION and not path):
                    self._left_out.add(f"{terraform_type(resource.type)}.{where}")
            elif name in schema.blocks:
                result[name] = self._blocks(value, block(schema.blocks[name]), resource, f"{where}.")
            else:
                kind = terraform_type(resource.type) or ""
                needed = name in schema.required or (not path and name in _NEEDED.get(kind, ()))
                result[name] = self._argument(value, schema.arguments[name], resource, where, needed)
        # A program sends its inputs in any order.
        return {name: result[name] for name in sorted(result) if result[name] is not None}

    def _blocks(self, value: Any, schema: Block, resource: Resource, path: str) -> Any:
        if isinstance(value, Secret):
            value = value.value
        if isinstance(value, Mapping):
            return self._values(cast(Mapping[str, Any], value), schema, resource, path)
        items = cast(list[Any], value) if isinstance(value, list) else []
        return [self._blocks(item, schema, resource, path) for item in items] or None

    def _argument(self, value: Any, kind: Any, resource: Resource, path: str, needed: bool = False) -> Any:
        name = label_of(f"{resource.name}_{path}")
        default = placeholder(name) if needed else None
        if isinstance(value, Secret):
            description = f"{path} of {resource.label}, a secret; its value is in Pulumi's state."
            return self.references.variable(name, description, default, sensitive=True)
        if isinstance(value, Unknown):
            description = f"{path} of {resource.label}, which only AWS knows."
            return self._validation(resource, path) or self.references.variable(name, description, default)
        if isinstance(value, str):
            return self.references.template(value)
        if isinstance(value, Mapping):
            return self._object(cast(Mapping[str, Any], value), kind, resource, path)
        if isinstance(value, list):
            inner: Any = cast(list[Any], kind)[1] if isinstance(kind, list) else kind
            return [self._argument(item, inner, resource, path, needed=True) for item in cast(list[Any], value)]
        return value

    def _object(self, value: Mapping[str, Any], kind: Any, resource: Resource, path: str) -> Any:
        """A map, whose keys are the user's own or AWS's, or an object with all of its fields."""
        parts = cast(list[Any], kind) if isinstance(kind, list) else [kind]
        if parts[0] in ("list", "set"):  # Pulumi has the one item without its list
            return [self._object(value, parts[1], resource, path)]
        if parts[0] == "object":
            fields = cast(Mapping[str, Any], parts[1])
            names = {Block(arguments=fields).argument(key): item for key, item in value.items()}
            return {
                name: self._argument(names[name], field, resource, path) if name in names else None
                for name, field in fields.items()
            }
        return {key: self._argument(item, "string", resource, f"{path}.{key}") for key, item in value.items()}

    def _validation(self, resource: Resource, path: str) -> str | None:
        """A property of the record that validates a certificate."""
        urns = resource.property_dependencies.get(path, ())
        certificates = [self._by_urn[urn] for urn in urns if terraform_type(self._by_urn[urn].type) == _CERTIFICATE]
        if terraform_type(resource.type) != _RECORD or path not in _VALIDATION or not certificates:
            return None
        inputs = certificates[0].inputs
        domains = [inputs.get("domainName"), *(inputs.get("subjectAlternativeNames") or ())]
        domain = next((each for each in domains if isinstance(each, str) and resource.name.endswith(each)), domains[0])
        options = f"{self.references.address(certificates[0])}.domain_validation_options"
        return (
            f"${{one([for each in {options} : each.{_VALIDATION[path]} if each.domain_name == {json.dumps(domain)}])}}"
        )

    def _dependencies(self, resource: Resource, result: Mapping[str, Any]) -> list[str]:
        """What must exist first, although no argument refers to it."""
        referred = set(self.references.targets(dict(result)))
        known = {each.urn: self.references.address(each) for each in self.exported}
        return sorted({known[urn] for urn in resource.dependencies if urn in known} - referred)

    def _lifecycle(self, resource: Resource, schema: Block) -> dict[str, Any]:
        options = resource.options
        names = [schema.argument(path.partition(".")[0].partition("[")[0]) for path in options.ignore_changes]
        ignored = sorted({name for name in names if name})
        return {
            **({"ignore_changes": ignored} if ignored else {}),
            **({"prevent_destroy": True} if options.protect else {}),
        }
