"""How long the program itself takes at a preview, as a ratio to a bare import of the pulumi-aws modules that it uses.

    python benchmarks/program_time.py [runs]

Each run is a new interpreter; the two are timed in turn, so that a machine that slows down slows both.
"""

import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 11  # odd, so that the median is a run that happened

# The default stack's program under Pulumi's mocks: everything but the engine and the provider.
PROGRAM = """
import os, sys
sys.path.insert(0, os.getcwd())
import pulumi
types = set()
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        types.add(args.typ)
        made = {"arn": "arn:aws:x:us-east-1:123456789012:" + args.name, "repositoryUrl": "r/x", "digest": "sha256:1",
                "port": 5432, "address": "h", "domainName": "d", **args.inputs}
        return args.name, made
    def call(self, args):
        if args.token.startswith("aws:ssm/"):
            return {"names": [], "values": []}
        return {"names": ["a", "b", "c"], "region": "us-east-1", "accountId": "123456789012", "password": "p"}
pulumi.runtime.set_mocks(Mocks(), project="flask-on-aws", stack="dev", preview=True)
from flask_on_aws import FlaskApp
pulumi.runtime.test(lambda: FlaskApp("app", {"app": "app_template"}).url)()
if "--types" in sys.argv:
    print("\\n".join(sorted(types)))
"""


def seconds(code: str) -> float:
    """Wall time of a new interpreter that runs this."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 our own code
    return time.perf_counter() - start


def registered_types() -> list[str]:
    """The type tokens of everything that the default stack registers."""
    done = subprocess.run(  # noqa: S603 our own code
        [sys.executable, "-c", PROGRAM, "--types"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def bare_import(types: list[str]) -> str:
    """Code that loads the same modules; pulumi_aws loads each when a name in it is first used."""
    lines = ["import pulumi", "import pulumi_aws as aws"]
    for token in types:
        package, module, name = token.split(":")
        if package == "aws":
            lines.append(f"aws.{module.split('/')[0]}.{name}")
        elif package != "flask-on-aws":
            lines.append(f"import pulumi_{package.replace('-', '_')} as p; p.{name}")
    return "\n".join(lines)


def main() -> None:
    """Print the median of both and of their ratio."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    bare = bare_import(registered_types())
    seconds(bare)  # compiles what is not compiled yet
    seconds(PROGRAM)
    pairs = [(seconds(PROGRAM), seconds(bare)) for _ in range(runs)]
    program, imported = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{platform.platform()}, Python {platform.python_version()}, {runs} pairs")
    print(f"program {program:.2f} s, bare import {imported:.2f} s")
    print(f"ratio {statistics.median(p / b for p, b in pairs):.2f} (goal: at most 1.3)")


if __name__ == "__main__":
    main()
