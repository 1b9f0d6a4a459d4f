"""Measures the program's part of a preview, as a ratio to a bare import of the pulumi-aws modules that it uses.

The third time is the floor: the same import, and the registration of the same resources by the SDK, without this
library. The difference to the program is the time of the library.

    python benchmarks/program_time.py [runs]

Each run is a new interpreter. The three are measured in turn, so that a slow moment of the machine affects all of them.
"""

import json
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Registration = tuple[str, str, dict[str, Any]]
ROOT = Path(__file__).parents[1]
RUNS = 11  # odd, so that the median is one of them

# The default stack's program under Pulumi's mocks: without the engine and the provider.
PROGRAM = """
import os, sys
sys.path.insert(0, os.getcwd())
import pulumi
registered = []
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        registered.append((args.typ, args.name, args.inputs))
        outputs = {"arn": "arn:aws:x:us-east-1:123456789012:" + args.name, "repositoryUrl": "r/x", "digest": "sha256:1",
                "port": 5432, "address": "h", "domainName": "d", **args.inputs}
        return args.name, outputs
    def call(self, args):
        if args.token.startswith("aws:ssm/"):
            return {"names": [], "values": []}
        return {"names": ["a", "b", "c"], "region": "us-east-1", "accountId": "123456789012", "password": "p"}
pulumi.runtime.set_mocks(Mocks(), project="flask-on-aws", stack="dev", preview=True)
from flask_on_aws import FlaskApp
import gc
gc.freeze()  # as __main__.py does
pulumi.runtime.test(lambda: FlaskApp("app", {"app": "app_template"}).url)()
if "--registered" in sys.argv:
    import json
    print(json.dumps(registered, default=str))
"""


def seconds(code: str) -> float:
    """Wall time of a new interpreter that runs this code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 fixed code
    return time.perf_counter() - start


def registrations() -> list[Registration]:
    """Type, name and inputs of everything that the default stack registers."""
    result = subprocess.run(  # noqa: S603 fixed code
        [sys.executable, "-c", PROGRAM, "--registered"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [tuple(registration) for registration in json.loads(result.stdout)]


def class_of(token: str) -> str:
    """The class of a type as source code; pulumi_aws loads a module when it is first used."""
    package, module, name = token.split(":")
    if package in ("flask-on-aws", "pulumi"):  # this library's components, and the SDK's own resources
        return f"pulumi.{name}" if package == "pulumi" else "pulumi.ComponentResource"
    return f"aws.{module.split('/')[0]}.{name}" if package == "aws" else f"pulumi_{package.replace('-', '_')}.{name}"


def bare_import(registered: list[Registration]) -> str:
    """Code that loads the same modules."""
    classes = sorted({class_of(token) for token, _, _ in registered})
    packages = sorted({name.partition(".")[0] for name in classes} - {"aws", "pulumi"})
    imports = ["import pulumi", "import pulumi_aws as aws", *(f"import {package}" for package in packages)]
    return "\n".join([*imports, *classes])


def floor(registered: list[Registration]) -> str:
    """Code that registers the same resources with the SDK alone, under the same mocks."""
    calls: list[str] = []
    for token, name, inputs in registered:
        if token.startswith("flask-on-aws:"):
            calls.append(f"    pulumi.ComponentResource({token!r}, {name!r})")
            continue
        arguments = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower(): value for key, value in inputs.items()}
        calls.append(f"    {class_of(token)}({name!r}, **{arguments!r})")
    setup, _, _ = PROGRAM.partition("from flask_on_aws")
    program = ["def program():", *calls, "pulumi.runtime.test(program)()"]
    return "\n".join([setup, bare_import(registered), *program])


def main() -> None:
    """Print the medians of the three times, and the median ratios of program and floor to the import."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    registered = registrations()
    programs = (PROGRAM, floor(registered), bare_import(registered))
    for code in programs:
        seconds(code)  # so that all modules are compiled
    times = [tuple(seconds(code) for code in programs) for _ in range(runs)]
    program_seconds, floor_seconds, import_seconds = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{platform.platform()}, Python {platform.python_version()}, {runs} runs, {len(registered)} resources")
    print(f"program {program_seconds:.2f} s, floor {floor_seconds:.2f} s, bare import {import_seconds:.2f} s")
    ratios = [statistics.median(run[index] / run[2] for run in times) for index in (0, 1)]
    print(f"program {ratios[0]:.2f} of the import (goal: at most 1.2), floor {ratios[1]:.2f}")


if __name__ == "__main__":
    main()
