"""Outputs that are made for an argument of another component have its type: statically typed languages compile."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = json.loads((Path(__file__).parents[3] / "tests" / "golden" / "schema.json").read_text())
RESOURCES: dict[str, dict[str, Any]] = {token.split(":")[-1]: one for token, one in SCHEMA["resources"].items()}
# What FlaskApp and others call a component whose output they take, where it is not the component's own name.
CALLED = {
    "Database": ("database", "databaseServer", "server"),
    "LogicalDatabase": ("database",),
    "LoadBalancer": ("loadBalancer", "target"),
    "Cdn": ("target",),
    "KmsKey": ("kms", "databaseKms", "loginKms"),
    "TaskSecurityGroup": ("client",),
}
# Pairs whose names say nothing of each other.
RENAMED = {
    ("Database", "allocatedStorageGib", "Alarms", "databaseStorageGib"),
    ("Database", "instanceIdentifier", "Alarms", "databaseIdentifier"),
    ("Cdn", "domainName", "AliasRecords", "targetDnsName"),
    ("Cdn", "hostedZoneId", "AliasRecords", "targetZoneId"),
    ("LoadBalancer", "dnsName", "Cdn", "originDomainName"),
    ("FlaskApp", "loadBalancerDnsName", "AliasRecords", "targetDnsName"),
    ("Network", "taskSubnetIds", "Service", "subnetIds"),
    ("Network", "privateSubnetIds", "Database", "subnetIds"),
    ("Network", "publicSubnetIds", "LoadBalancer", "subnetIds"),
    ("FlaskApp", "databaseSecurityGroupId", "LogicalDatabase", "serverSecurityGroupId"),
    ("Image", "imageUri", "FlaskApp", "image"),
}
# Arguments that decide what is created, so that no output can be given, whatever its type; `port` is the app's own.
DECIDING = {"port", "databaseName", "databaseUsername", "username", "names", "dualStack"}


class Pair(NamedTuple):
    made_by: str
    output: str
    taken_by: str
    argument: str

    def types(self) -> tuple[str, str]:
        made = RESOURCES[self.made_by]["properties"][self.output]
        return kind(made), kind(RESOURCES[self.taken_by]["inputProperties"][self.argument])


def kind(described: dict[str, Any]) -> str:
    if "items" in described:
        return f"list of {kind(described['items'])}"
    if "additionalProperties" in described:
        return f"names with {kind(described['additionalProperties'])}"
    return described.get("$ref") or described["type"]


def pairs() -> Iterator[Pair]:
    """An output and an argument of one name, with or without what the output's component is called."""
    for made_by, maker in RESOURCES.items():
        called = CALLED.get(made_by, (made_by[0].lower() + made_by[1:],))
        for output in maker["properties"]:
            names = {output, *(name + output[0].upper() + output[1:] for name in called)}
            for taken_by, taker in RESOURCES.items():
                yield from (Pair(made_by, output, taken_by, name) for name in names & taker["inputProperties"].keys())
    yield from (Pair(*renamed) for renamed in RENAMED)


def test_an_output_has_the_type_of_the_argument_that_it_is_made_for():
    assert [(pair, pair.types()) for pair in pairs() if len(set(pair.types())) > 1] == []


def test_an_argument_that_an_output_is_made_for_takes_outputs():
    plain = {pair.argument for pair in pairs() if is_plain(pair.taken_by, pair.argument)}
    assert plain == DECIDING


def is_plain(component: str, argument: str) -> bool:
    return RESOURCES[component]["inputProperties"][argument].get("plain", False)


def test_an_argument_that_takes_a_late_number_takes_a_whole_one():
    """As AWS's own ports and sizes are in the SDKs: a fraction would have to be converted in every program."""
    late = {
        (component, name): described["type"]
        for component, resource in RESOURCES.items()
        for name, described in resource["inputProperties"].items()
        if not described.get("plain") and described.get("type") in ("integer", "number")
    }
    assert late
    assert set(late.values()) == {"integer"}


def test_the_pairs_are_those_that_people_connect():
    found = set(pairs())
    assert Pair("Database", "port", "FlaskApp", "databasePort") in found
    assert Pair("Database", "port", "LogicalDatabase", "port") in found
    assert Pair("LoadBalancer", "arnSuffix", "FlaskApp", "loadBalancerArnSuffix") in found
    assert Pair("Database", "secretArn", "FlaskApp", "databaseServerSecretArn") in found
    assert Pair("Network", "vpcId", "Service", "vpcId") in found


def test_no_output_is_optional():
    """In Go an optional output is no input of a required argument."""
    missing = {name: sorted(one["properties"].keys() - set(one.get("required", []))) for name, one in RESOURCES.items()}
    assert not any(missing.values()), missing
