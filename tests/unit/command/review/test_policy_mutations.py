"""The policy finds faults that are put into production stacks, one at a time."""

import json
from copy import deepcopy
from dataclasses import replace

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws_cli.pulumi_engine import Secret
from flask_on_aws_cli.review.policy.findings import findings

from tests.mocked_outputs import COMPUTED
from tests.unit.command.review.graphs import registered
from tests.unit.command.review.mutations import MUTATIONS, REMOVED, STACKS, SURVIVORS
from tests.unit.conftest import Deployed, Recorder, new_mocks
from tests.unit.library.flask_app.test_flask_app import APP


class ReferenceRecorder(Recorder):
    """Mocks whose ids, names and ARNs are references, as in a review."""

    def new_resource(self, args):
        resource_id, outputs = super().new_resource(args)
        if not args.custom or not args.typ.startswith("aws:"):
            return resource_id, outputs
        kind = args.typ.rpartition(":")[2]
        named = {
            name: f"${{{kind} {args.name}.{name}}}"
            for name in ("id", "name", "bucket", "url")
            if name not in args.inputs
        }
        arn = f"arn:aws:mock:us-east-1:123456789012:{kind.lower()}/{named['id']}"
        return named["id"], {**outputs, **named, "arn": arn}


def resources_of(stack):
    """What the FlaskApp of a stack registers."""
    recorder = new_mocks(ReferenceRecorder())
    recorder.computed |= COMPUTED
    for kind in ("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy"):
        recorder.answers[f"aws:cloudfront/get{kind}:get{kind}"] = {"id": f"managed-{kind}"}
    args = {"app": APP, "environment": "production", **STACKS[stack]}
    pulumi.runtime.test(lambda: FlaskApp("app", args))()
    return registered(Deployed(recorder, {}))


def changed(value, keys, new):
    """The value with another one at a path, also inside of JSON and secrets."""
    if isinstance(value, Secret):
        return Secret(changed(value.value, keys, new))
    if isinstance(value, str):
        return json.dumps(changed(json.loads(value), keys, new))
    key = int(keys[0]) if isinstance(value, list) else keys[0]
    result = value.copy()
    if keys[1:]:
        result[key] = changed(value.get(key, {}) if isinstance(value, dict) else value[key], keys[1:], new)
    elif new is REMOVED:
        del result[key]
    else:
        result[key] = new
    return result


def mutated(resources, mutation):
    """The resources with the mutation."""
    (index,) = [
        number
        for number, each in enumerate(resources)
        if each.type.endswith(mutation.type) and each.name == mutation.name
    ]
    if not mutation.path:
        return [*resources[:index], *resources[index + 1 :]]
    target = resources[index]
    inputs = changed(deepcopy(dict(target.inputs)), mutation.path.split("."), mutation.value)
    return [*resources[:index], replace(target, inputs=inputs), *resources[index + 1 :]]


def identities(resources):
    return {(each.rule, each.urn, each.property, each.message) for each in findings(resources)}


@pytest.fixture(scope="module")
def stacks():
    return {stack: resources_of(stack) for stack in STACKS}


def test_at_least_95_percent_of_the_mutations_are_found(stacks):
    before = {stack: identities(resources) for stack, resources in stacks.items()}
    survivors = [
        mutation.title
        for mutation in MUTATIONS
        if not identities(mutated(stacks[mutation.stack], mutation)) - before[mutation.stack]
    ]
    found = len(MUTATIONS) - len(survivors)
    print(f"{found} of {len(MUTATIONS)} mutations are found, {len(survivors)} survive")
    assert len(MUTATIONS) >= 110
    assert len({mutation.title for mutation in MUTATIONS}) == len(MUTATIONS)
    assert sorted(survivors) == sorted(SURVIVORS)
    assert found / len(MUTATIONS) >= 0.95
