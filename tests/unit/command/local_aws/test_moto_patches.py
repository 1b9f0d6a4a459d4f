"""Each patch of moto has a reason and a scenario that fails without the patch and passes with it."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.moto_contracts import CONTRACTS

ROOT = Path(__file__).parents[4]


@cache
def run_contracts(mode: str) -> dict[str, Any]:
    """Run all scenarios in a new interpreter, since patches apply to a whole process."""
    command = [sys.executable, "-m", "tests.moto_contracts", mode]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])


def test_every_patch_has_a_contract_and_every_contract_a_patch() -> None:
    """Its time is that of all scenarios with the patches, which prove that each works."""
    assert set(run_contracts("patched")["reasons"]) == set(CONTRACTS)


def test_every_patch_has_a_reason_of_one_sentence() -> None:
    reasons = run_contracts("patched")["reasons"]
    invalid = {
        target: reason
        for target, reason in reasons.items()
        if not reason.endswith(".") or ". " in reason or len(reason) < 20
    }
    assert not invalid


@pytest.mark.parametrize("target", CONTRACTS)
def test_moto_needs_the_patch(target: str) -> None:
    """Its time is that of all scenarios without the patches, which prove that each is needed."""
    failure = run_contracts("unpatched")["failures"][target]
    assert failure, f"This version of moto behaves like AWS: remove the patch of {target} and its contract."


@pytest.mark.parametrize("target", CONTRACTS)
def test_the_patch_behaves_like_aws(target: str) -> None:
    assert run_contracts("patched")["failures"][target] is None


class Backend:
    @property
    def address(self) -> str:
        return "invented"

    @staticmethod
    def permitted(name: str) -> bool:
        return False


def _patch(owner: Any, name: str, function: Any, **kwargs: Any) -> None:
    from flask_on_aws_cli.local_aws.moto_patches import _patch as patching

    patching.patch(owner, name, **kwargs)(function)


@pytest.fixture(autouse=True)
def _empty_patch_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from flask_on_aws_cli.local_aws.moto_patches import _patch as patching

    monkeypatch.setattr(patching, "PATCHES", {})


def test_a_patch_without_a_reason_is_rejected() -> None:
    def unexplained(original: Any, self: Any) -> str:
        return original(self)

    with pytest.raises(TypeError, match=r"The patch of Backend\.address has no reason: give unexplained a docstring\."):
        _patch(Backend, "address", unexplained)


def test_a_second_patch_of_the_same_attribute_is_rejected_instead_of_taking_no_effect() -> None:
    owner = type("Owner", (), {"call": lambda self: 1})
    _patch(owner, "call", lambda original, self: original(self) + 1, reason="It is one too few.")
    with pytest.raises(TypeError, match=r"Owner\.call is patched twice"):
        _patch(owner, "call", lambda original, self: original(self) + 2, reason="It is two too few.")
    assert owner().call() == 2


def test_a_patch_applied_twice_is_applied_once() -> None:
    owner = type("Owner", (), {"call": lambda self: 1})

    def add_one(original: Any, self: Any) -> int:
        return original(self) + 1

    for _ in range(2):
        _patch(owner, "call", add_one, reason="It is one too few.")
    assert owner().call() == 2


def test_properties_and_static_methods_keep_their_kind() -> None:
    owner = type("Owner", (), {"address": Backend.address, "permitted": staticmethod(Backend.permitted)})
    _patch(owner, "address", lambda original, self: original(self).upper(), reason="It is shouted.")
    _patch(owner, "permitted", lambda original, name: not original(name), reason="It is permitted.")
    assert owner().address == "INVENTED"
    assert owner.permitted("a")
    assert owner().permitted("a")


def test_a_method_that_moto_lacks_is_added() -> None:
    owner = type("Owner", (), {})
    _patch(owner, "call", lambda original, self: original, reason="moto lacks it.")
    assert owner().call() is None
