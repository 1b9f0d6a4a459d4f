"""The commands that operate an app: their decisions, what they read from AWS, and their error messages."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError
from click.testing import CliRunner
from flask_on_aws.releases.release_record import Release, read_value
from flask_on_aws_cli.main import main
from flask_on_aws_cli.operations import old_release
from flask_on_aws_cli.operations.app import App
from flask_on_aws_cli.operations.errors import OperationError, explain
from flask_on_aws_cli.operations.log_lines import LogLines, LogSource
from flask_on_aws_cli.operations.rollback_target import (
    find_release,
    matching_release,
    original,
    release_before,
    running_release,
)
from flask_on_aws_cli.operations.run import missing_runner
from flask_on_aws_cli.operations.target import AppOptions, find_app
from flask_on_aws_cli.shared.durations import Duration
from flask_on_aws_cli.shared.output_format import caller_name, short_digest

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def release(number, image="a", definition=None, back=(None, None)):
    return Release(
        f"app@sha256:{image}", definition or f"app-web:{number}", "", *back, number, BEGAN + timedelta(hours=number)
    )


UPDATES = [release(3, "c"), release(2, "b"), release(1, "a")]
# Release 3 was rolled back to 2, whose revision was copied as 4.
ONCE_BACK = [release(4, "b", "app-web:4", (3, 2)), *UPDATES]


def test_the_record_of_a_rollback_contains_both_releases():
    assert read_value(ONCE_BACK[0].value) == Release("app@sha256:b", "app-web:4", "", 3, 2)
    assert "rolledBack" not in UPDATES[0].value


def test_repeated_rollbacks_go_one_deployment_further_back_each_time():
    assert release_before(UPDATES, UPDATES[0]).number == 2
    assert release_before(ONCE_BACK, ONCE_BACK[0]).number == 1
    twice = [release(5, "a", "app-web:5", (4, 1)), *ONCE_BACK]
    with pytest.raises(OperationError, match="no release before 1"):
        release_before(twice, twice[0])


def test_after_a_new_deployment_a_rollback_does_not_return_to_a_release_that_was_rolled_back():
    history = [release(5, "d"), *ONCE_BACK]
    assert release_before(history, history[0]).number == 4
    assert original(history, history[1]).number == 2


def test_releases_are_found_by_number_and_by_task_definition():
    assert find_release(UPDATES, 2).number == 2
    with pytest.raises(OperationError, match="no release 7; the recorded releases are 1 to 3"):
        find_release(UPDATES, 7)
    assert running_release(ONCE_BACK, "app-web:4").number == 4
    assert running_release(ONCE_BACK, "app-web:9") is None


def test_a_worker_rolls_back_to_the_release_with_the_same_image():
    workers = [release(2, "b", "app-mail:2"), release(1, "a", "app-mail:1")]
    assert matching_release(workers, UPDATES[1]).number == 2
    assert matching_release(workers, UPDATES[0]) is None
    same = [release(9, "b", "app-mail:9"), *workers]
    assert matching_release(same, UPDATES[1]).number == 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), (5, 5)]
)
def test_durations(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "0", "10 m", "m", "-1", "1.5h", "1w"])
def test_invalid_durations_are_rejected(text):
    with pytest.raises(Exception, match="is not a valid duration; use one such as 90s"):
        Duration().convert(text, None, None)


def test_images_and_callers_are_abbreviated():
    assert short_digest("1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0123456789abcdef") == "0123456789ab"
    assert short_digest("docker.io/library/nginx:1.27") == "nginx:1.27"
    assert caller_name("arn:aws:sts::123456789012:assumed-role/deploy/ann") == "deploy/ann"
    assert caller_name("arn:aws:iam::123456789012:user/ann") == "ann"


def client_error(code, message="no", operation="DescribeServices"):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


DENIAL = (
    "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ecs:UpdateService on resource: "
    "arn:aws:ecs:eu-west-1:123456789012:service/c/app because no identity-based policy allows it"
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (aws.NoCredentialsError(), "No AWS credentials were found; set AWS_PROFILE"),
        (
            aws.ProfileNotFound(profile="x"),
            "The config profile (x) could not be found in the AWS configuration files; use another",
        ),
        (aws.NoRegionError(), "No AWS region is set; use --region"),
        (aws.UnauthorizedSSOTokenError(), "The login to AWS has expired; log in again"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), "AWS does not answer; check the network"),
        (client_error("ExpiredTokenException"), "The AWS credentials have expired; log in again"),
        (client_error("UnrecognizedClientException"), "The AWS credentials are invalid"),
        (client_error("ClusterNotFoundException"), "The cluster does not exist; check --cluster"),
        (
            client_error("ThrottlingException"),
            "AWS throttles the requests of this account (DescribeServices); try again",
        ),
        (
            client_error("AccessDeniedException", DENIAL, "UpdateService"),
            "arn:aws:iam::123456789012:user/ann may not ecs:UpdateService on "
            "arn:aws:ecs:eu-west-1:123456789012:service/c/app; docs/operations.md lists",
        ),
        (
            client_error("ClientException", "Family is bad."),
            "AWS rejected DescribeServices: Family is bad (ClientException).",
        ),
    ],
)
def test_errors_of_aws_are_sentences_with_a_fix(error, sentence):
    assert explain(error).startswith(sentence)


class Registry:
    """ECR with one image."""

    meta = SimpleNamespace(region_name="eu-west-1")
    exceptions = SimpleNamespace(ImageNotFoundException=LookupError, RepositoryNotFoundException=KeyError)

    def __init__(self):
        self.requests = []

    def describe_images(self, **request):
        self.requests.append((request["registryId"], request["repositoryName"], *request["imageIds"]))
        if request["imageIds"] != [{"imageDigest": "sha256:here"}]:
            raise LookupError


@pytest.mark.parametrize(
    ("image", "is_there"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app/web@sha256:here", True),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/app/web@sha256:here", True),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app/web@sha256:gone", False),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app/web:v1", False),
    ],
)
def test_images_are_looked_up_in_ecr(image, is_there):
    registry = Registry()
    revision = old_release.Revision(
        {"containerDefinitions": [{"image": image}, {"image": "public.ecr.aws/nginx:1"}]}, []
    )
    if is_there:
        old_release.check_images(registry, revision, UPDATES[0])
    else:
        with pytest.raises(OperationError, match=r"of release 3 is no longer in ECR.* Nothing was changed"):
            old_release.check_images(registry, revision, UPDATES[0])
    ((registry_id, repository, _),) = registry.requests
    assert (registry_id, repository) == ("123456789012", "app/web")


class Logs:
    """Returns the events in two pages; more can be added between calls."""

    def __init__(self):
        self.events, self.requests = [], []

    def get_paginator(self, name):
        assert name == "filter_log_events"
        return self

    def paginate(self, **request):
        self.requests.append(request)
        events = [event for event in self.events if event["timestamp"] >= request["startTime"]]
        return [{"events": events[:1]}, {"events": events[1:]}]

    def add(self, key, at, message):
        stream = "web/web/0123456789abcdef"
        self.events.append({"eventId": key, "timestamp": int(at * 1000), "message": message, "logStreamName": stream})


def test_late_lines_are_returned_once_and_in_order():
    logs, now = Logs(), datetime.now(UTC).timestamp()
    lines = LogLines(logs, [LogSource("g", "web/")], since=now - 60, text='say "hi"')
    logs.add("2", now - 2, "second")
    logs.add("1", now - 3, "first")
    assert [line.split()[-1] for line in lines.new()] == ["first", "second"]
    assert lines.new() == []
    logs.add("0", now - 4, "late")
    (late,) = lines.new()
    assert late.endswith("Z web 01234567 late")
    assert logs.requests[0]["logStreamNamePrefix"] == "web/"
    assert logs.requests[0]["filterPattern"] == '"say \\"hi\\""'
    assert logs.requests[-1]["startTime"] > logs.requests[0]["startTime"]


class Ecs:
    """A cluster with services, as (name, family, role, image)."""

    def __init__(self, *services):
        self._services = {name: (family, role, image) for name, family, role, image in services}
        self.described = []

    def get_paginator(self, name):
        assert name == "list_services"
        return self

    def paginate(self, cluster):
        return [{"serviceArns": list(self._services)}]

    def describe_services(self, cluster, services):
        assert len(services) <= 10
        descriptions = [
            {
                "serviceName": name,
                "serviceArn": f"arn:{name}",
                "status": "ACTIVE",
                "taskDefinition": f"arn:task-definition/{self._services[name][0]}:1",
                "loadBalancers": [{}] if "web" in name else [],
            }
            for name in services
        ]
        return {"services": descriptions}

    def describe_task_definition(self, taskDefinition):
        self.described.append(taskDefinition)
        family = taskDefinition.split("/")[1].split(":")[0]
        role, image = next(service[1:] for service in self._services.values() if service[0] == family)
        container = {"name": family.split("-")[-1], "image": image}
        return {"taskDefinition": {"family": family, "taskRoleArn": role, "containerDefinitions": [container]}}


SHOP = [("shop-mail-2", "shop-mail", "shop", "i@sha256:1"), ("shop-web-1", "shop-web", "shop", "i@sha256:1")]
BLOG = [("blog-web-3", "blog-web", "blog", "b@sha256:2")]


def app_of(*services, **options):
    app = App(None, "c", **options)
    app._clients["ecs"] = Ecs(*services)
    return app


def names(app):
    return [service.name for service in app.services]


def test_the_services_of_a_stack_are_those_of_one_role_and_image_web_first():
    app = app_of(*SHOP, *BLOG, ("shop-web-two-web-5", "shop-web-two-web", "two", "i@sha256:1"), web="shop-web-1")
    assert names(app) == ["shop-web-1", "shop-mail-2"]
    assert "arn:task-definition/blog-web:1" not in app.client("ecs").described


def test_a_service_is_selected_by_its_role_family_name_or_arn():
    for name in ("mail", "shop-mail", "shop-mail-2", "arn:shop-mail-2"):
        assert names(app_of(*SHOP, web="shop-web-1", selected=name)) == ["shop-mail-2"]
    with pytest.raises(OperationError, match="no service queue; it has: mail, web"):
        names(app_of(*SHOP, web="shop-web-1", selected="queue"))


def test_an_app_is_selected_in_a_cluster_without_a_stack():
    assert names(app_of(*SHOP)) == ["shop-web-1", "shop-mail-2"]
    assert names(app_of(*SHOP, *BLOG, selected="blog-web-3")) == ["blog-web-3"]
    with pytest.raises(OperationError, match="Several apps run in the cluster c; select one with --service"):
        names(app_of(*SHOP, *BLOG))
    with pytest.raises(OperationError, match="Several apps"):
        names(app_of(*SHOP, *BLOG, selected="web"))
    with pytest.raises(OperationError, match="has no service queue"):
        names(app_of(*SHOP, selected="queue"))
    with pytest.raises(OperationError, match="No service runs in the cluster c"):
        names(app_of())


PULUMI = """#!/bin/sh
echo "$@" >> "$LOG"
region='"aws:region": {"value": "eu-north-1"}'
key='"aws:accessKey": {"value": "k"}'
role='[{\\"roleArn\\":\\"arn:aws:iam::1:role/r\\"}]'
case "$*" in
  *"--stack absent"*) echo "error: no stack named 'absent' found" >&2; exit 255;;
  *"--stack empty"*) echo "{}";;
  *"--stack own"*) echo '{"service": "x"}';;
  *output*--stack*) echo '{"clusterName": "c", "serviceName": "app-web-1", "url": "https://x"}';;
  *output*) echo "error: no stack selected; please use pulumi stack select" >&2; exit 255;;
  *--show-secrets*) echo "{$region, $key,"; echo '"aws:secretKey": {"value": "s3", "secret": true}}';;
  *config*keys*) echo "{$region, $key,"; echo '"aws:secretKey": {"secret": true}}';;
  *config*) echo "{$region,"; echo '"aws:profile": {"value": "shop"}, "app:secretValues": {"secret": true},'
    printf '"aws:assumeRoles": {"value": "%s"}}' "$role";;
esac
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a project, and a pulumi command that has some stacks."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pulumi").write_text(PULUMI)
    (programs / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    return folder


def test_a_stack_is_read_by_the_pulumi_command(project, tmp_path, monkeypatch):
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    app = find_app(AppOptions(stack="dev"))
    assert (app.cluster, app.url) == ("c", "https://x")
    role = {"roleArn": "arn:aws:iam::1:role/r"}
    assert app._settings.given == {"region": "eu-north-1", "profile": "shop", "assumeRoles": [role]}
    assert "--show-secrets" not in (tmp_path / "log").read_text()
    given = find_app(AppOptions(stack="dev", region="sa-east-1", profile="other"))._settings.given
    assert (given["region"], given["profile"]) == ("sa-east-1", "other")


def test_secrets_of_the_configuration_are_decrypted_only_if_the_provider_needs_them(project):
    given = find_app(AppOptions(stack="keys", project=project))._settings.given
    assert given == {"region": "eu-north-1", "accessKey": "k", "secretKey": "s3"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stack", "absent"], "{project} has no stack absent; list its stacks with: pulumi stack ls"),
        (["--stack", "empty"], "The stack empty of {project} is not deployed; deploy it with: pulumi up"),
        (["--stack", "own"], "The stack has no output clusterName and no output serviceName; export FlaskApp's output"),
        (["--stack", "local"], "{project} has no local AWS; create it with: flask-on-aws local up"),
        ([], "No stack of {project} is selected; use --stack"),
    ],
)
def test_stacks_that_cannot_be_operated(project, arguments, sentence):
    done = CliRunner().invoke(main, ["status", "--project", str(project), *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith(sentence.format(project=project))
    assert len(done.stderr.splitlines()) == 1


def test_without_a_project_or_pulumi(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["releases"])
    assert done.stderr.startswith(f"There is no Pulumi.yaml in {tmp_path} or above; select its folder with --project")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, ["releases", "--project", str(project), "--stack", "dev"])
    assert done.stderr.startswith("There is no pulumi command on this machine to read the stack with; install it")


def test_a_cluster_by_name_needs_neither_project_nor_pulumi(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    app = find_app(AppOptions(cluster="c", service="shop-web-1", profile="p"))
    assert (app.cluster, app.has_selection) == ("c", True)
    assert app._settings.given == {"region": "eu-west-3", "profile": "p"}


def test_the_docs_list_the_permissions_of_every_command():
    page = (Path(__file__).parents[4] / "docs" / "operations.md").read_text(encoding="utf-8")
    session = __import__("botocore.session").session.get_session()
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")}
    for command in (
        "status",
        "logs",
        "run",
        "releases",
        "restart",
        "maintenance",
        "exec`, `shell",
        "tunnel",
        "tunnel` without `enableExec",
        "tunnel -- COMMAND`, `psql`, `mysql`, `mongosh`, `redis-cli",
        "env",
        "env --secrets",
        "secrets list",
        "secrets history",
        "rollback",
    ):
        actions = [word.strip("` ,") for word in rows[f"`{command}`"].split("|")[2].split() if ":" in word]
        assert actions
        for action in actions:
            service, name = action.split(":")
            model = {"elasticloadbalancing": "elbv2"}.get(service, service)
            known = session.get_service_model(model).operation_names if action != "iam:PassRole" else [name]
            assert name in known, action


def test_settings_that_clients_do_not_need_are_left_out():
    from flask_on_aws.aws_session import read_settings

    given = read_settings(
        {"region": "eu-west-1", "defaultTags": "{not JSON", "endpoints": json.dumps([{"ecs": "http://x"}])}
    )
    assert given.given == {"region": "eu-west-1", "endpoints": [{"ecs": "http://x"}]}


@pytest.mark.parametrize(
    ("line", "runner"),
    [
        ("poetry run flask shell", "poetry"),
        ("MODE=1 uv run flask shell && echo done", "uv"),
        ("cd src && pipenv run x", "pipenv"),
        ("flask shell", ""),
        ("echo 'poetry run'", ""),
        ("echo 'open", ""),
    ],
)
def test_a_package_manager_that_the_image_lacks_is_named(line, runner):
    assert missing_runner(line) == runner
