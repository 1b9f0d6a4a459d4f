"""The containers of a task as processes of this machine: commands, without a container's own ENTRYPOINT."""

from pathlib import Path
from typing import Any

import pytest
from flask_on_aws.image.dockerfile import CA_FILE, CA_FOLDER
from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws.runtime_contract.rds_ca import are_rds_certificates, region_certificates
from flask_on_aws.runtime_contract.shell import PASS_ARGUMENTS
from flask_on_aws_cli.local_aws.ecs.tasks.processes import ProcessRuntime
from flask_on_aws_cli.task_model.container_paths import localize_paths
from flask_on_aws_cli.task_model.definition import task_plan
from flask_on_aws_cli.task_model.process_containers import ImagePlan, ProcessPlanner


@pytest.fixture
def plan(tmp_path):
    """The process of an app's container, whose image starts ./boot.sh and whose Procfile starts gunicorn."""
    image = ImagePlan(tmp_path / "app", "gunicorn app:app", {}, {}, "./boot.sh")
    planner = ProcessPlanner(tmp_path, lambda uri: image)

    def run(**values):
        definition = {"containerDefinitions": [{"name": "web", "image": "shop@sha256:1", **values}]}
        (container,) = task_plan(definition).containers
        return planner.plan("task", container, container.environment, Path("log"), tmp_path / "volumes")

    return run


def test_the_image_s_own_process_is_the_plan_s(plan):
    command = ["/bin/sh", "-c", "exec ./boot.sh"]
    gunicorn = ["/bin/sh", "-c", "exec gunicorn app:app"]
    assert plan(entryPoint=list(PASS_ARGUMENTS), command=command).command == gunicorn
    assert plan().command == gunicorn


def test_any_other_command_runs_behind_the_entry_point(plan):
    command = ["/bin/sh", "-c", "exec flask db upgrade"]
    assert plan(entryPoint=list(PASS_ARGUMENTS), command=command).command == [*PASS_ARGUMENTS, *command]
    assert plan(command=command).command == command


_CERTIFICATES = region_certificates("us-east-1")


def _run(tmp_path: Path, others: list[dict[str, Any]], image: str = "shop@sha256:1") -> list[int]:
    """Run the containers of a task as processes, one after the other; their exit codes."""
    ca = tmp_path / "ca.pem"
    ca.write_text("the local CA")
    app = ImagePlan(tmp_path, "true", {}, {CA_PATH: str(ca)})
    planner = ProcessPlanner(tmp_path, lambda uri: app if uri == "shop@sha256:1" else None, ca)
    runtime = ProcessRuntime(tmp_path / "a place" / "tasks", planner)
    plan = task_plan({"containerDefinitions": [{"essential": False, **one} for one in others]})
    sandbox = runtime.create_sandbox("task", plan)
    codes = []
    try:
        for container in plan.containers:
            started = sandbox.prepare(container, container.environment, tmp_path / container.name).start()
            started.popen.wait()
            codes.append(started.exit_code())
    finally:
        sandbox.close()
        runtime.close()
    return codes


def _container(name: str, line: str, **more: Any) -> dict[str, Any]:
    command = {"entryPoint": ["/bin/sh", "-c"], "command": [line]}
    return {"name": name, "image": "shop@sha256:1", **command, **more}


def _mount(path: str) -> dict[str, Any]:
    return {"mountPoints": [{"sourceVolume": "certificates", "containerPath": path, "readOnly": False}]}


@pytest.mark.parametrize("folder", ["/etc/rds-ca", "/srv/rds-ca/", "/var/lib/certificates"])
def test_what_a_container_writes_to_its_volume_is_in_the_next_one_and_not_on_this_machine(tmp_path, folder):
    existed = Path(folder).exists()
    path = f"{folder.rstrip('/')}/rds-ca-bundle.pem"
    writer = _container("rds-ca", f'printf %s "$CERTIFICATES" > {path} && chmod 444 {path}', **_mount(folder))
    writer["environment"] = [{"name": "CERTIFICATES", "value": _CERTIFICATES}]
    reader = _container("reader", 'cat "$CA"; echo; cat "$(echo "$URL" | cut -d= -f2)"', **_mount(folder))
    reader["environment"] = [{"name": "CA", "value": path}, {"name": "URL", "value": f"postgresql://h/db?ca={path}"}]
    assert _run(tmp_path, [writer, reader]) == [0, 0], (tmp_path / "rds-ca").read_text()
    assert (tmp_path / "reader").read_text() == "the local CA\nthe local CA"
    assert Path(folder).exists() == existed


def test_a_foreign_image_has_a_root_of_its_own(tmp_path):
    name = f"/tmp/{tmp_path.parent.name}-{tmp_path.name}"
    line = f'echo x > {name} && cat {name} && echo y >/etc/foreign.conf && cat <"$FILE" && echo z | sed s/z/w/'
    foreign = _container("setup", line, environment=[{"name": "FILE", "value": "/etc/foreign.conf"}])
    assert _run(tmp_path, [{**foreign, "image": "public.ecr.aws/x/postgres:17"}]) == [0]
    assert (tmp_path / "setup").read_text() == "x\ny\nw\n"
    assert not Path(name).exists()
    assert not Path("/etc/foreign.conf").exists()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/data", "/v"),
        ("/data/a.txt:/data/b", "/v/a.txt:/v/b"),
        ("postgresql://h/x?ca=/data/a&b=%2Fdata", "postgresql://h/x?ca=/v/a&b=%2Fv"),
        ("/database", "/database"),
        ("/srv/data", "/srv/data"),
        ("/data-2 /data.d", "/data-2 /data.d"),
        ("https://example.com/data", "https://example.com/data"),
        ("cp x >/data/y", "cp x >/v/y"),
    ],
)
def test_only_whole_paths_are_replaced(value, expected):
    assert localize_paths(value, {"/data": "/v"}) == expected


def test_a_path_is_replaced_once():
    assert localize_paths("/a/x /b/x", {"/a": "/b", "/b": "/c"}) == "/b/x /c/x"


def test_the_certificates_of_a_region_are_known_as_such():
    assert are_rds_certificates(_CERTIFICATES)
    assert are_rds_certificates((CA_FOLDER / CA_FILE).read_text())
    assert not are_rds_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert not are_rds_certificates("")
