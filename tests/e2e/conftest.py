"""Fixtures for the real Pulumi engine and AWS provider with an emulated AWS on this machine."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.stacks import Stack, copy_program, use_this_environment
from tests.emulator import emulated_aws
from tests.request_recorder import read_requests, recorded
from tests.request_validation import violations

REQUESTS = "requests.jsonl"
MIN_OPERATIONS = 80  # every stack uses more than a hundred


@pytest.fixture(scope="session")
def pulumi_command() -> str:
    command = shutil.which("pulumi")
    if command is None:
        pytest.skip("there is no pulumi command on this machine (https://www.pulumi.com/docs/install/)")
    return command


@pytest.fixture
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The endpoint of a fresh emulated AWS."""
    with emulated_aws(tmp_path / "emulator.log") as endpoint:
        if "valid_requests" not in request.fixturenames:
            yield endpoint
            return
        with recorded(endpoint, tmp_path / REQUESTS) as recorder:
            yield recorder


@pytest.fixture
def valid_requests(tmp_path: Path) -> Iterator[None]:
    """Check that AWS's service models allow every request of the test."""
    yield
    invalid, operations = violations(read_requests(tmp_path / REQUESTS))
    assert len(operations) > MIN_OPERATIONS  # otherwise this check proves nothing
    assert not invalid, "\n".join(map(str, sorted(invalid)))


@pytest.fixture
def program(pulumi_command: str, emulator: str, tmp_path: Path) -> Callable[[str], Stack]:
    """A function that copies this repository's program and creates a stack with a name."""

    def make(name: str) -> Stack:
        folder = tmp_path / "program"
        if not folder.exists():
            copy_program(folder)
            use_this_environment(folder / "Pulumi.yaml")
        stack = Stack(pulumi_command, folder, emulator, name)
        # The emulator's tasks never end, so a release command would wait forever; tests/local runs real tasks.
        stack.configure(releaseCommand="none")
        return stack

    return make
