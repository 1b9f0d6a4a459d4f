import json

from flask_on_aws.ecs.containers import Container, container_definitions, volume_names

WEB = Container("web", None, 8080, None, True, ["/tmp"], 60, None)
LOG = {"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}


def definitions(container=WEB, **changes):
    values = {"image": "repo@sha256:1", "environment": {}, "secrets": {}, "log_options": LOG, "labels": {}}
    values |= {"certificates": "", "sidecars": [], "init_containers": []} | changes
    return json.loads(container_definitions(container, **values))


def test_the_container_is_read_only_with_an_init_process_and_time_to_stop():
    (web,) = definitions()
    assert web["readonlyRootFilesystem"] is True
    assert web["linuxParameters"] == {"initProcessEnabled": True}
    assert web["stopTimeout"] == 60
    assert web["portMappings"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    assert web["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}]
    assert "command" not in web
    assert "user" not in web


def test_variables_are_sorted_so_that_the_same_app_is_the_same_text():
    first = definitions(environment={"B": "2", "A": "1"}, secrets={"Z": "arn:z", "Y": "arn:y"})
    assert first == definitions(environment={"A": "1", "B": "2"}, secrets={"Y": "arn:y", "Z": "arn:z"})
    assert first[0]["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert first[0]["secrets"] == [{"name": "Y", "valueFrom": "arn:y"}, {"name": "Z", "valueFrom": "arn:z"}]


def test_a_start_command_is_run_by_a_shell_that_makes_way_for_it():
    (web,) = definitions(WEB._replace(command="gunicorn -b 0.0.0.0:$PORT app"))
    assert web["command"] == ["/bin/sh", "-c", "exec gunicorn -b 0.0.0.0:$PORT app"]


def test_a_worker_has_no_port():
    (worker,) = definitions(WEB._replace(port=None))
    assert "portMappings" not in worker


def test_logs_never_make_the_app_wait():
    (web,) = definitions()
    assert web["logConfiguration"]["options"] == {**LOG, "mode": "non-blocking", "max-buffer-size": "25m"}


def test_the_certificates_are_there_before_the_app_starts():
    container = WEB._replace(ca_path="/etc/rds-ca/bundle.pem")
    web, writer = definitions(container, certificates="PEM")
    assert web["dependsOn"] == [{"containerName": "rds-ca", "condition": "SUCCESS"}]
    assert web["mountPoints"][-1] == {"sourceVolume": "rds-ca", "containerPath": "/etc/rds-ca", "readOnly": True}
    assert writer["image"] == web["image"]
    assert writer["environment"] == [{"name": "RDS_CA_CERTIFICATES", "value": "PEM"}]
    assert writer["essential"] is False
    assert volume_names(container) == ["tmp", "rds-ca"]


def test_sidecars_log_beside_the_app_and_do_not_end_it():
    _, sidecar = definitions(sidecars=[{"name": "metrics", "image": "metrics:1"}])
    assert sidecar["essential"] is False
    assert sidecar["logConfiguration"]["options"]["awslogs-group"] == "g"


def test_the_app_starts_once_the_init_containers_have_ended_well():
    web, setup, writer = definitions(
        WEB._replace(ca_path="/etc/rds-ca/rds-ca-bundle.pem"), init_containers=[{"name": "setup", "image": "psql"}]
    )
    assert web["dependsOn"] == [
        {"containerName": "setup", "condition": "SUCCESS"},
        {"containerName": "rds-ca", "condition": "SUCCESS"},
    ]
    assert (setup["essential"], writer["essential"]) == (False, False)
    assert setup["logConfiguration"] == web["logConfiguration"]
