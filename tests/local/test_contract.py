"""The runtime contract, checked by a program inside each kind of task: web, worker, release command, one-off."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask_on_aws.runtime_contract.contract import SERVICES, plain_names, secret_names

from tests.setting_values import SERVICE_KINDS

from .cloud import until
from .project import Local

APP = Path(__file__).with_name("contract_app")
PROMISED = [*plain_names(SERVICES, ()), *secret_names(SERVICES, ())]
ONLY_IN_BUILD = "ONLY_IN_THE_BUILD"
_MARK = "contract {"


def write_app(folder: Path) -> None:
    """The program, with the names of today's contract."""
    shutil.copytree(APP, folder)
    (folder / "contract.json").write_text(json.dumps({"promised": PROMISED, "absent": [ONLY_IN_BUILD]}))


def reports(text: str) -> dict[str, Any]:
    """What the program has said, by role."""
    found = [json.loads("{" + line.partition(_MARK)[2]) for line in text.splitlines() if _MARK in line]
    return {report["role"]: report for report in found}


def test_every_kind_of_task_finds_the_whole_contract(local: Local, runtime: str) -> None:
    """Only this test proves the environment of real tasks of each kind: web, worker, release command, one-off."""
    write_app(local.folder / "checked")
    local.configure(app="checked", **SERVICE_KINDS, buildEnv={ONLY_IN_BUILD: "yes"})
    local.up("--runtime", runtime)
    local.operate("run", "--", "python", "contract_check.py", "one-off")
    roles = {"web", "worker", "release", "one-off"}
    told = until(lambda: len(found := reports(local.run("logs"))) == len(roles) and found, 30)
    assert {role: found["problems"] for role, found in told.items()} == {role: [] for role in roles}
    # Processes have a port of their own each, as containers have an address.
    same = [name for name in PROMISED if (name, runtime) != ("PORT", "process")]
    differing = {name for name in same if len({told[role]["values"][name] for role in roles}) > 1}
    assert differing == set()


def test_the_check_itself_misses_nothing(tmp_path: Path) -> None:
    """In an environment without any of it, and with the build's."""
    write_app(tmp_path / "app")
    command = [sys.executable, "contract_check.py", "nowhere"]
    bare = {"PATH": os.environ["PATH"], ONLY_IN_BUILD: "yes", "FLASK_DEBUG": "1", "AWS_ACCESS_KEY_ID": "mine"}
    done = subprocess.run(command, cwd=tmp_path / "app", env=bare, capture_output=True, text=True, check=False)
    found = reports(done.stdout)["nowhere"]["problems"]
    assert done.returncode == 1
    assert {f"{name} is missing" for name in PROMISED if name != "FLASK_DEBUG"} <= set(found)
    assert {"FLASK_DEBUG is malformed", f"{ONLY_IN_BUILD} is the build's", "AWS_ACCESS_KEY_ID is there"} <= set(found)
