"""Pulumi's own mocks: what each resource is asked to be, recorded by logical name."""

import asyncio
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

import settings
from tests.setting_values import as_text

ROOT = Path(__file__).parents[2]

os.environ.setdefault("PULUMI_ERROR_OUTPUT_STRING", "true")  # an f-string on an Output raises instead of printing
# Mocks ignore where a resource was registered, and the sixty frames below a test take a fifth of a program's time.
resource._get_stack_trace = source_pb2.StackTrace


class Recorder(pulumi.runtime.Mocks):
    """Every registered resource with its inputs; ids and ARNs are made from the logical name."""

    def __init__(self) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []
        # What AWS makes up for a kind of resource, as a test tells it: `Distribution` → function of the registration.
        self.computed: dict[str, Callable[[pulumi.runtime.MockResourceArgs], dict[str, Any]]] = {}
        self.answers: dict[str, Any] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {
                "names": ["us-east-1a", "us-east-1b", "us-east-1c"]
            },
            "aws:index/getRegion:getRegion": {"region": "us-east-1", "name": "us-east-1", "id": "us-east-1"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012", "id": "123456789012"},
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": "token"},
        }

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        kind = args.typ.rsplit(":", 1)[-1]
        made = {"arn": f"arn:aws:mock:us-east-1:123456789012:{args.name}", "name": args.name, **args.inputs}
        if kind == "Bucket":
            made |= {"bucket": args.name, "bucketRegionalDomainName": f"{args.name}.s3.us-east-1.amazonaws.com"}
        if args.custom and kind in self.computed:
            made |= self.computed[kind](args)
        return f"{args.name}-id", made

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        answer = self.answers.get(args.token, {})
        return answer(args.args) if callable(answer) else answer

    def named(self, name: str) -> dict[str, Any]:
        """The inputs of the one resource with this logical name."""
        found = [r.inputs for r in self.resources if r.name == name and not r.typ.startswith("flask-on-aws:")]
        assert len(found) == 1, f"{len(found)} resources are called {name}: {sorted(r.name for r in self.resources)}"
        return found[0]

    def of_type(self, token_end: str) -> dict[str, dict[str, Any]]:
        """Logical name → inputs of every resource whose type token ends so (for example `s3/bucket:Bucket`)."""
        return {r.name: r.inputs for r in self.resources if r.typ.endswith(token_end)}


class Deployed:
    """What a program registered, and the outputs of the component that it returned."""

    def __init__(self, recorder: Recorder, outputs: dict[str, Any]) -> None:
        self.outputs = outputs
        self.resources = recorder.resources
        self.named = recorder.named
        self.of_type = recorder.of_type


def new_mocks(recorder: Recorder) -> Recorder:
    """Make this recorder the engine of the programs that follow."""
    # Tasks of an earlier test's program would run on in its loop.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # The root of an earlier test waits for that test's loop, for ever if it has ended before the root was registered.
    pulumi.runtime.settings.set_root_resource(None)
    pulumi.runtime.set_mocks(recorder, project="flask-on-aws", stack="test", preview=False)
    return recorder


@pytest.fixture
def mocks() -> Recorder:
    return new_mocks(Recorder())


@pytest.fixture
def deploy(mocks: Recorder) -> Callable[[Callable[[], Any]], Deployed]:
    """Run a program to its end under mocks: `deploy(lambda: MediaBucket("media", {}))`."""

    def run(program: Callable[[], Any]) -> Deployed:
        outputs: dict[str, Any] = {}

        def traced() -> pulumi.Output[Any]:
            component = program()
            values = {name: getattr(component, name) for name in inspect.get_annotations(type(component))}
            return pulumi.Output.all(**values).apply(outputs.update)

        pulumi.runtime.test(traced)()
        return Deployed(mocks, outputs)

    return run


_DEPLOYED: dict[str, Deployed] = {}


@pytest.fixture
def deploy_once(deploy: Callable[[Callable[[], Any]], Deployed]) -> Callable[[str, Callable[[], Any]], Deployed]:
    """Like `deploy`, for tests that only read the result: in each worker, the program of a name runs once."""

    def run(name: str, program: Callable[[], Any]) -> Deployed:
        if name not in _DEPLOYED:
            _DEPLOYED[name] = deploy(program)
        return _DEPLOYED[name]

    return run


@pytest.fixture
def configured(monkeypatch):
    """Load the settings with these values, as the engine would hand them over."""
    monkeypatch.chdir(ROOT)

    def load(**values):
        texts = {key: as_text(value) for key, value in values.items()}
        pulumi.runtime.set_all_config({f"flask-on-aws:{key}": value for key, value in texts.items()})
        return settings.load(pulumi.Config("flask-on-aws"), "flask-on-aws", "dev")

    return load
