"""The commands that look after an app: what they decide, what they find, and their sentences."""

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
from flask_on_aws_cli.operations.rollback_target import companion, numbered, original, release_before, running_release
from flask_on_aws_cli.operations.target import Where, find_app
from flask_on_aws_cli.shared.durations import Duration
from flask_on_aws_cli.shared.output_format import short_digest, who

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def release(number, image="a", definition=None, back=(None, None)):
    return Release(
        f"app@sha256:{image}", definition or f"app-web:{number}", "", *back, number, BEGAN + timedelta(hours=number)
    )


UPDATES = [release(3, "c"), release(2, "b"), release(1, "a")]
# Back from 3 to 2, whose revision was copied as 4.
ONCE_BACK = [release(4, "b", "app-web:4", (3, 2)), *UPDATES]


def test_a_rollback_s_record_keeps_where_it_came_from_and_went_to():
    assert read_value(ONCE_BACK[0].value) == Release("app@sha256:b", "app-web:4", "", 3, 2)
    assert "rolledBack" not in UPDATES[0].value


def test_the_default_goes_one_update_further_back_each_time():
    assert release_before(UPDATES, UPDATES[0]).number == 2
    assert release_before(ONCE_BACK, ONCE_BACK[0]).number == 1
    twice = [release(5, "a", "app-web:5", (4, 1)), *ONCE_BACK]
    with pytest.raises(OperationError, match="no release before 1"):
        release_before(twice, twice[0])


def test_after_the_next_update_the_way_back_is_to_what_ran_and_not_to_what_was_left():
    history = [release(5, "d"), *ONCE_BACK]
    assert release_before(history, history[0]).number == 4
    assert original(history, history[1]).number == 2


def test_releases_by_number_and_by_what_runs():
    assert numbered(UPDATES, 2).number == 2
    with pytest.raises(OperationError, match="no release 7; known are 1 to 3"):
        numbered(UPDATES, 7)
    assert running_release(ONCE_BACK, "app-web:4").number == 4
    assert running_release(ONCE_BACK, "app-web:9") is None


def test_a_worker_goes_back_to_what_ran_beside():
    workers = [release(2, "b", "app-mail:2"), release(1, "a", "app-mail:1")]
    assert companion(workers, UPDATES[1]).number == 2
    assert companion(workers, UPDATES[0]) is None
    same = [release(9, "b", "app-mail:9"), *workers]
    assert companion(same, UPDATES[1]).number == 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), (5, 5)]
)
def test_durations(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "0", "10 m", "m", "-1", "1.5h", "1w"])
def test_what_is_no_duration(text):
    with pytest.raises(Exception, match="give one like 90s"):
        Duration().convert(text, None, None)


def test_images_and_users_are_shown_short():
    assert short_digest("1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0123456789abcdef") == "0123456789ab"
    assert short_digest("docker.io/library/nginx:1.27") == "nginx:1.27"
    assert who("arn:aws:sts::123456789012:assumed-role/deploy/ann") == "deploy/ann"
    assert who("arn:aws:iam::123456789012:user/ann") == "ann"


def refusal(code, message="no", operation="DescribeServices"):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


DENIAL = (
    "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ecs:UpdateService on resource: "
    "arn:aws:ecs:eu-west-1:123456789012:service/c/app because no identity-based policy allows it"
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (aws.NoCredentialsError(), "There are no AWS credentials here; set AWS_PROFILE"),
        (aws.ProfileNotFound(profile="x"), "The config profile (x) could not be found in AWS's files; give another"),
        (aws.NoRegionError(), "No AWS region is set; give one with --region"),
        (aws.UnauthorizedSSOTokenError(), "The login to AWS has expired; log in again"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), "AWS does not answer; look at the network"),
        (refusal("ExpiredTokenException"), "The AWS credentials have expired; log in again"),
        (refusal("UnrecognizedClientException"), "AWS does not know these credentials"),
        (refusal("ClusterNotFoundException"), "The cluster is not there; look at --cluster"),
        (refusal("ThrottlingException"), "AWS is asked too often in this account (DescribeServices); try again"),
        (
            refusal("AccessDeniedException", DENIAL, "UpdateService"),
            "arn:aws:iam::123456789012:user/ann may not ecs:UpdateService on "
            "arn:aws:ecs:eu-west-1:123456789012:service/c/app; docs/operations.md lists",
        ),
        (
            refusal("ClientException", "Family is bad."),
            "AWS refuses DescribeServices: Family is bad (ClientException).",
        ),
    ],
)
def test_errors_of_aws_are_sentences_with_a_way_out(error, sentence):
    assert explain(error).startswith(sentence)


class Registry:
    """ECR that knows one digest."""

    meta = SimpleNamespace(region_name="eu-west-1")
    exceptions = SimpleNamespace(ImageNotFoundException=LookupError, RepositoryNotFoundException=KeyError)

    def __init__(self):
        self.asked = []

    def describe_images(self, **asked):
        self.asked.append((asked["registryId"], asked["repositoryName"], *asked["imageIds"]))
        if asked["imageIds"] != [{"imageDigest": "sha256:here"}]:
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
        with pytest.raises(OperationError, match=r"of release 3 is not in ECR any more .* Nothing was changed"):
            old_release.check_images(registry, revision, UPDATES[0])
    ((registry_id, repository, _),) = registry.asked
    assert (registry_id, repository) == ("123456789012", "app/web")


class Logs:
    """Two pages of events at each call, which may grow."""

    def __init__(self):
        self.events, self.asked = [], []

    def get_paginator(self, name):
        assert name == "filter_log_events"
        return self

    def paginate(self, **asked):
        self.asked.append(asked)
        found = [event for event in self.events if event["timestamp"] >= asked["startTime"]]
        return [{"events": found[:1]}, {"events": found[1:]}]

    def add(self, key, at, message):
        stream = "web/web/0123456789abcdef"
        self.events.append({"eventId": key, "timestamp": int(at * 1000), "message": message, "logStreamName": stream})


def test_lines_that_come_late_are_shown_once_and_in_order():
    logs, now = Logs(), datetime.now(UTC).timestamp()
    lines = LogLines(logs, [LogSource("g", "web/")], since=now - 60, text='say "hi"')
    logs.add("2", now - 2, "second")
    logs.add("1", now - 3, "first")
    assert [line.split()[-1] for line in lines.new()] == ["first", "second"]
    assert lines.new() == []
    logs.add("0", now - 4, "late")
    (late,) = lines.new()
    assert late.endswith("Z web 01234567 late")
    assert logs.asked[0]["logStreamNamePrefix"] == "web/"
    assert logs.asked[0]["filterPattern"] == '"say \\"hi\\""'
    assert logs.asked[-1]["startTime"] > logs.asked[0]["startTime"]


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
        told = [
            {
                "serviceName": name,
                "serviceArn": f"arn:{name}",
                "status": "ACTIVE",
                "taskDefinition": f"arn:task-definition/{self._services[name][0]}:1",
                "loadBalancers": [{}] if "web" in name else [],
            }
            for name in services
        ]
        return {"services": told}

    def describe_task_definition(self, taskDefinition):
        self.described.append(taskDefinition)
        family = taskDefinition.split("/")[1].split(":")[0]
        role, image = next(found[1:] for found in self._services.values() if found[0] == family)
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


def test_one_service_by_its_role_family_or_name():
    for called in ("mail", "shop-mail", "shop-mail-2", "arn:shop-mail-2"):
        assert names(app_of(*SHOP, web="shop-web-1", chosen=called)) == ["shop-mail-2"]
    with pytest.raises(OperationError, match="no service queue; it has: mail, web"):
        names(app_of(*SHOP, web="shop-web-1", chosen="queue"))


def test_a_cluster_without_a_stack():
    assert names(app_of(*SHOP)) == ["shop-web-1", "shop-mail-2"]
    assert names(app_of(*SHOP, *BLOG, chosen="blog-web-3")) == ["blog-web-3"]
    with pytest.raises(OperationError, match="Several apps run in the cluster c; name a service of one"):
        names(app_of(*SHOP, *BLOG))
    with pytest.raises(OperationError, match="Several apps"):
        names(app_of(*SHOP, *BLOG, chosen="web"))
    with pytest.raises(OperationError, match="has no service queue"):
        names(app_of(*SHOP, chosen="queue"))
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
    """A project's folder, and a pulumi command that knows some stacks."""
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


def test_a_stack_is_asked_for_by_the_pulumi_command(project, tmp_path, monkeypatch):
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    app = find_app(Where(stack="dev"))
    assert (app.cluster, app.url) == ("c", "https://x")
    role = {"roleArn": "arn:aws:iam::1:role/r"}
    assert app._settings.given == {"region": "eu-north-1", "profile": "shop", "assumeRoles": [role]}
    assert "--show-secrets" not in (tmp_path / "log").read_text()
    given = find_app(Where(stack="dev", region="sa-east-1", profile="other"))._settings.given
    assert (given["region"], given["profile"]) == ("sa-east-1", "other")


def test_secrets_of_the_configuration_are_shown_only_where_the_provider_needs_them(project):
    given = find_app(Where(stack="keys", project=project))._settings.given
    assert given == {"region": "eu-north-1", "accessKey": "k", "secretKey": "s3"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stack", "absent"], "{project} has no stack absent; see them with: pulumi stack ls"),
        (["--stack", "empty"], "The stack empty of {project} is not deployed; deploy it with: pulumi up"),
        (["--stack", "own"], "The stack has no output clusterName and no output serviceName; export what"),
        (["--stack", "local"], "{project} has no local AWS; make one with: flask-on-aws local up"),
        ([], "No stack of {project} is selected; name one with --stack"),
    ],
)
def test_stacks_that_cannot_be_looked_after(project, arguments, sentence):
    done = CliRunner().invoke(main, ["status", "--project", str(project), *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith(sentence.format(project=project))
    assert len(done.stderr.splitlines()) == 1


def test_without_a_project_or_pulumi(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["releases"])
    assert done.stderr.startswith(f"There is no Pulumi.yaml in {tmp_path} or above; name its folder with --project")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, ["releases", "--project", str(project), "--stack", "dev"])
    assert done.stderr.startswith("There is no pulumi command here to ask for the stack; install it")


def test_a_cluster_by_name_needs_neither(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    app = find_app(Where(cluster="c", service="shop-web-1", profile="p"))
    assert (app.cluster, app.is_chosen) == ("c", True)
    assert app._settings.given == {"region": "eu-west-3", "profile": "p"}


def test_the_docs_list_the_permissions_of_every_command():
    page = (Path(__file__).parents[4] / "docs" / "operations.md").read_text(encoding="utf-8")
    session = __import__("botocore.session").session.get_session()
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")}
    for command in ("status", "logs", "run", "releases", "rollback"):
        actions = [word.strip("` ,") for word in rows[f"`{command}`"].split("|")[2].split() if ":" in word]
        assert actions
        for action in actions:
            service, name = action.split(":")
            model = {"elasticloadbalancing": "elbv2"}.get(service, service)
            known = session.get_service_model(model).operation_names if action != "iam:PassRole" else [name]
            assert name in known, action


def test_what_no_client_needs_of_the_configuration_is_left_out():
    from flask_on_aws.aws_session import read_settings

    given = read_settings(
        {"region": "eu-west-1", "defaultTags": "{not JSON", "endpoints": json.dumps([{"ecs": "http://x"}])}
    )
    assert given.given == {"region": "eu-west-1", "endpoints": [{"ecs": "http://x"}]}
