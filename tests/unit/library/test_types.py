"""What pyright says of programs that use the library: each line marked `# error` is wrong, and no other."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import pulumi
import pulumi_aws as aws
from flask_on_aws import Database, FlaskApp, LoadBalancer, MediaBucket, Network, Route

FlaskApp("right", {"environment": "production", "egress": "nat", "compat": ["divio"], "min_tasks": 2})
FlaskApp("a", {"environment": "prod"})  # error
FlaskApp("b", {"minTasks": 2})  # error
FlaskApp("c", {"min_task": 2})  # error
FlaskApp("d", {"compat": ["vercel"]})  # error
FlaskApp("e", {"cpu": pulumi.Output.from_input(256)})  # error
MediaBucket("f", {"versioning": True})  # error
Network("g", {"egress": "wlan"})  # error
network = Network("h", {})
Database("i", {})  # error
Database("j", {"vpc_id": network.vpc_id})  # error
Database("k", {"vpc_id": network.vpc_id, "subnet_ids": network.private_subnet_ids})
Route("l", {"listener_arn": "arn"})  # error
LoadBalancer("m", {"vpc_id": network.vpc_id, "subnet_ids": network.public_subnet_ids, "mode": "http"})  # error


def right(database: aws.rds.InstanceArgs, opts: pulumi.ResourceOptions, name: str) -> None:
    database.iops = 12000
    database.oips = 12000  # error


FlaskApp("n", {}, transform={"database": right})
FlaskApp("o", {}, transform={"bucket": right})  # error
FlaskApp("p", {}, transform={"databse": right})  # error
FlaskApp("q", {}, transform={"database": lambda database, opts, name: print(database.iops, opts.protect, name.upper())})
FlaskApp("r", {}, transform={"database": lambda database, opts, name: print(database.oips)})  # error
"""


def test_pyright_knows_wrong_arguments(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    config = {"include": ["program.py"], "extraPaths": [str(ROOT / "components")], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    command = [str(Path(sys.prefix, "bin", "pyright")), "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, "--project", str(tmp_path)], capture_output=True, text=True, check=False)
    found = {message["range"]["start"]["line"] for message in json.loads(done.stdout)["generalDiagnostics"]}
    assert found == {number for number, line in enumerate(PROGRAM.splitlines()) if line.endswith("# error")}
