import json
import os
import re
import time
from pathlib import Path

import grpc
import pulumi
import pulumi_docker_build
import pytest
from flask_on_aws.build_plan.plan import LEFT_OUT
from flask_on_aws.component import with_defaults
from flask_on_aws.image.build_context import content_hash, context_location
from flask_on_aws.image.dockerfile import CA_FOLDER
from flask_on_aws.image.ecr_repository import lifecycle_policy, split_reference
from flask_on_aws.image.image import _DEFAULTS, Image, content_tag, problems
from flask_on_aws.image.planned_image import planned_content, planned_dockerfile

BUILD = "docker-build:index:Image"
GET_IMAGE = "aws:ecr/getImage:getImage"
DIGEST = "sha256:" + "ab" * 32
SECRET = "4dabf18193072939515e22adb298388d"  # Pulumi's own mark of a secret


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The working directory holds the app's folder, as it does for a Pulumi program."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "main.py").write_text("1\n")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def planned(app):
    """The same folder without a Dockerfile."""
    (app / "Dockerfile").unlink()
    (app / "requirements.txt").write_text("flask\n")
    (app / "Procfile").write_text("web: gunicorn app:app\n")
    return app


HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


BUILT = {
    "location": "app",
    "dockerfile": "Dockerfile",
    "platform": "linux/amd64",
    "builder": "docker-build",
    "cache": True,
    "build_args": {},
    "build_secrets": [],
    "rebuild": "",
}


class Refused(grpc.RpcError):
    """An invoke that the provider answers with an error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = lambda: grpc.StatusCode.UNKNOWN
        self.details = lambda: reason


@pytest.fixture(autouse=True)
def registry(mocks):
    """ECR as it answers: an address for each repository, a password, and no image by any tag."""

    def repository(args):
        physical = args.inputs.get("name", f"{args.name}-1234567")
        return {"name": physical, "repositoryUrl": f"{HOST}/{physical}", "registryId": "123456789012"}

    def image(args):
        if args.typ == BUILD:
            return {"digest": DIGEST}
        return {"repoDigest": f"{args.inputs['imageName'].rpartition(':')[0]}@{DIGEST}"}

    mocks.computed |= {"Repository": repository, "Image": image}
    mocks.answers["aws:ecr/getAuthorizationToken:getAuthorizationToken"] = {"userName": "AWS", "password": "hush"}
    fail_lookup(mocks, "reading ECR Images: couldn't find resource")
    return mocks


def fail_lookup(registry, reason):
    """Let the lookup of an image fail."""

    def answer(_):
        raise Refused(reason)

    registry.answers[GET_IMAGE] = answer


def tag(**args):
    return content_tag(with_defaults(args, _DEFAULTS))


def the_build(deployed):
    ((name, inputs),) = deployed.of_type(BUILD).items()
    return name, inputs


def options_of(monkeypatch, program, deploy):
    """The resource options of the build, which mocks do not show."""
    seen = []
    real = pulumi_docker_build.Image.__init__
    monkeypatch.setattr(
        pulumi_docker_build.Image,
        "__init__",
        lambda self, *args, **kwargs: seen.append(kwargs["opts"]) or real(self, *args, **kwargs),
    )
    deploy(program)
    return seen[0]


def test_the_folder_is_built_pushed_by_its_content_and_given_by_digest(deploy, app):
    deployed = deploy(lambda: Image("web", {"context": "app"}))
    url = f"{HOST}/web-1234567"
    name, inputs = the_build(deployed)
    assert name == f"web-{tag(context='app')[:8]}"
    assert len(tag(context="app")) == 20
    # One secret within makes the whole of what mocks show a secret.
    credentials, secrets = inputs.pop("registries"), inputs.pop("secrets")
    assert inputs == {
        "context": {"location": "app"},
        "dockerfile": {"location": "app/Dockerfile"},
        "platforms": ["linux/amd64"],
        "buildArgs": {},
        "ignoreSecretsInDiffCalculation": [],
        "noCache": False,
        "cacheFrom": [{"registry": {"ref": f"{HOST}/web-cache-1234567:x86_64"}}],
        "cacheTo": [
            {
                "registry": {
                    "ref": f"{HOST}/web-cache-1234567:x86_64",
                    "mode": "max",
                    "imageManifest": True,
                    "ociMediaTypes": True,
                    "ignoreError": True,
                }
            }
        ],
        "tags": [f"{url}:{tag(context='app')}"],
        "push": True,
        "buildOnPreview": False,
        "network": "default",
    }
    assert credentials[SECRET]
    assert secrets["value"] == {}
    assert credentials["value"] == [{"address": HOST, "username": "AWS", "password": "hush"}]
    assert deployed.outputs == {
        "image_uri": f"{url}@{DIGEST}",
        "digest": DIGEST,
        "repository_url": url,
        "repository_arn": "arn:aws:mock:us-east-1:123456789012:web",
    }


def test_the_repository_is_immutable_scanned_encrypted_and_cleaned(deploy, app):
    deployed = deploy(lambda: Image("web", {"context": "app", "images_kept": 50, "force_delete": False}))
    assert deployed.named("web") == {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": False,
    }
    assert deployed.named("web-cache")["imageTagMutability"] == "MUTABLE"
    assert deployed.named("web-cache")["forceDelete"] is True
    assert json.loads(deployed.named("web-lifecycle")["policy"]) == json.loads(lifecycle_policy(50))
    assert json.loads(deployed.named("web-cache-lifecycle")["policy"]) == json.loads(lifecycle_policy())


def test_images_expire_by_number_and_never_by_age_unless_untagged():
    untagged, tagged = json.loads(lifecycle_policy(30))["rules"]
    assert untagged["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 7,
    }
    assert tagged["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 30,
    }
    assert [rule["selection"]["tagStatus"] for rule in json.loads(lifecycle_policy())["rules"]] == ["untagged"]


def builds(deployed):
    return [(r.name, r.inputs) for r in deployed.resources if r.typ == BUILD]


def test_an_unchanged_folder_gives_the_same_inputs_and_a_changed_one_another_build(deploy, app):
    def program():
        return Image("web", {"context": "app"})

    deploy(program)
    os.utime(app / "main.py", (1, 1))
    first, second = builds(deploy(program))
    assert second == first
    (app / "main.py").write_text("2\n")
    *_, third = builds(deploy(program))
    assert third[0] != first[0]
    assert third[1]["tags"] != first[1]["tags"]
    assert {**third[1], "tags": 0} == {**first[1], "tags": 0}


def test_an_absolute_path_is_the_same_as_the_relative_one(app):
    assert tag(context=str(app)) == tag(context="app") == tag(context="./app/")


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "arm64"},
        {"build_args": {"A": "1"}},
        {"build_secrets": {"TOKEN": "x"}},
        {"rebuild": "2026-11-21"},
        {"cache": False},
        {"dockerfile": "Other"},
        {"dockerfile_target": "0"},
        {"builder": "docker"},
    ],
)
def test_whatever_the_provider_compares_is_in_the_tag(app, change):
    (app / "Other").write_text((app / "Dockerfile").read_text())
    before = tag(context="app")
    assert tag(context="app", **change) != before


def test_neither_a_secrets_value_nor_what_is_kept_is_in_the_tag(app):
    assert tag(context="app", build_secrets={"T": "1"}) == tag(context="app", build_secrets={"T": "2"})
    assert tag(context="app", images_kept=40, force_delete=False) == tag(context="app")


def test_every_setting_reaches_the_build(deploy, app):
    (app / "Web.dockerfile").write_text("FROM scratch AS web\nFROM scratch AS tests\n")
    args = {
        "context": "app",
        "dockerfile": "Web.dockerfile",
        "dockerfile_target": "web",
        "architecture": "arm64",
        "build_args": {"A": "1"},
        "build_secrets": {"TOKEN": pulumi.Output.secret("hush")},
        "rebuild": "2026-11-21",
        "cache": False,
    }
    deployed = deploy(lambda: Image("web", args))
    _, inputs = the_build(deployed)
    assert inputs["dockerfile"] == {"location": "app/Web.dockerfile"}
    assert inputs["target"] == "web"
    assert inputs["platforms"] == ["linux/arm64"]
    assert inputs["buildArgs"] == {"A": "1"}
    assert inputs["secrets"][SECRET]
    assert inputs["secrets"]["value"] == {"TOKEN": "hush"}
    assert inputs["ignoreSecretsInDiffCalculation"] == ["TOKEN"]
    assert inputs["noCache"] is True
    assert "pull" not in inputs  # the provider would build at every update
    assert inputs["cacheFrom"] == inputs["cacheTo"] == []
    assert not [name for name in deployed.of_type("ecr/repository:Repository") if "cache" in name]


def test_a_folder_without_a_dockerfile_is_built_by_its_plan(deploy, planned):
    args = {"context": "app", "python_version": "3.12", "build_args": {"MODE": "x"}, "build_secrets": {"TOKEN": "hush"}}
    _, inputs = the_build(deploy(lambda: Image("web", args)))
    assert inputs["dockerfile"] == {"inline": planned_dockerfile(with_defaults(args, _DEFAULTS))}
    assert "FROM python:3.12-slim-trixie AS build" in inputs["dockerfile"]["inline"]
    assert "exec gunicorn app:app" in inputs["dockerfile"]["inline"]
    assert "ARG MODE" in inputs["dockerfile"]["inline"]
    assert inputs["context"] == {"location": "app", "named": {"rds-ca": {"location": context_location(str(CA_FOLDER))}}}
    assert inputs["buildArgs"] == {"MODE": "x"}
    assert inputs["secrets"]["value"] == {"TOKEN": "hush"}


def test_the_builder_does_not_get_virtual_environments(deploy, planned):
    without = tag(context="app")
    (planned / ".dockerignore").write_text("*.log")
    (planned / "env").mkdir()
    (planned / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    before = tag(context="app")
    _, inputs = the_build(deploy(lambda: Image("web", {"context": "app"})))
    location = inputs["dockerfile"]["location"]
    assert re.fullmatch(r"\.flask-on-aws/[0-9a-f]{16}/Dockerfile", location)
    assert f"RUN rm -rf {' '.join(LEFT_OUT)} env" in Path(location).read_text()
    # The provider and Docker read it in place of the app's.
    assert Path(f"{location}.dockerignore").read_text() == "*.log\n/env\n**/.flask-on-aws\n"
    assert Path(".flask-on-aws/.gitignore").read_text() == "*\n"
    (planned / "env" / "installed.py").write_text("1")
    assert tag(context="app") == before != without


def test_an_existing_stack_s_tag_stays_the_same(planned):
    """The hash of a folder without environments, from before they were left out."""
    settings = {**BUILT, **planned_content(with_defaults({"context": "app"}, _DEFAULTS))}
    assert set(settings) == {*BUILT, "inline", "certificates"}
    assert content_hash("app", "", settings)[:20] == tag(context="app")


@pytest.mark.parametrize(
    "change",
    [
        {"python_version": "3.12"},
        {"system_packages": ["ffmpeg"]},
        {"start_command": "x"},
        {"build_args": {"A": "1"}},
        {"build_command": "flask digest compile"},
        {"commands": ["node mail.js"]},
    ],
)
def test_the_settings_of_a_plan_are_in_the_tag(planned, change):
    assert tag(context="app", **change) != tag(context="app")


def test_the_settings_of_a_plan_are_not_in_the_tag_of_a_dockerfile(app):
    told = {"python_version": "3.12", "system_packages": ["ffmpeg"], "start_command": "x", "build_command": "x"}
    assert tag(context="app", **told) == tag(context="app")


def test_other_certificates_are_another_image(planned, monkeypatch, tmp_path):
    before = tag(context="app")
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "rds-ca-bundle.pem").write_text("another\n")
    monkeypatch.setattr("flask_on_aws.image.planned_image.CA_FOLDER", tmp_path / "ca")
    assert tag(context="app") != before


@pytest.mark.parametrize(
    ("args", "argument", "part"),
    [
        ({"python_version": "3.9"}, "python_version", "'3.9' is not one of 3.11, 3.12"),
        ({"system_packages": ["Lib!"]}, "system_packages", "'Lib!' is not the name of a Debian package"),
        ({"assets_folder": "web"}, "assets_folder", "'web' has no package.json in the app's folder"),
        ({"builder": "docker"}, "builder", "'docker' needs a Dockerfile"),
        ({"build_args": {"a-b": "1"}}, "build_args.a-b", "'a-b' must be letters"),
        ({"build_secrets": {"1": "1"}}, "build_secrets.1", "'1' must be letters"),
    ],
)
def test_what_no_plan_can_be_made_of_is_rejected_by_argument(planned, args, argument, part):
    (problem,) = problems({"context": "app", **args})
    assert problem.argument == argument
    assert part in problem.reason


def test_all_problems_that_prevent_a_plan_are_reported_at_once(planned):
    (planned / "requirements.txt").write_text("?\n")
    (planned / "Procfile").write_text("web\n")
    assert [problem.argument for problem in problems({"context": "app"})] == ["context", "context"]


def test_the_provider_may_not_delete_images_from_the_registry(deploy, app, monkeypatch):
    options = options_of(monkeypatch, lambda: Image("web", {"context": "app"}), deploy)
    assert options.retain_on_delete is True
    assert options.ignore_changes is None


@pytest.mark.parametrize(
    "reason",
    [
        "reading ECR Images: couldn't find resource",
        "no matching ECR Image found",
        "ImageNotFoundException: The image with imageId {imageTag:'x'} does not exist",
        "RepositoryNotFoundException: The repository with name 'shop' does not exist",
    ],
)
def test_content_that_is_not_in_the_named_repository_is_built_without_a_word(deploy, app, registry, reason, warnings):
    fail_lookup(registry, reason)
    deployed = deploy(lambda: Image("web", {"context": "app", "repository_name": "shop/web"}))
    assert deployed.named("web")["name"] == "shop/web"
    assert deployed.named("web-cache")["name"] == "shop/web-cache"
    assert the_build(deployed)[1]["push"] is True
    assert warnings == []


def test_a_failed_lookup_is_reported_and_the_image_is_built(deploy, app, registry, warnings):
    fail_lookup(registry, "No valid credential sources found")
    deployed = deploy(lambda: Image("web", {"context": "app", "repository_name": "shop"}))
    assert the_build(deployed)[1]["push"] is True
    (warning,) = warnings
    assert f"Cannot tell whether shop:{tag(context='app')} was pushed before" in warning
    assert "No valid credential sources found" in warning


@pytest.fixture
def warnings(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: said.append(message))
    return said


def test_content_that_was_pushed_before_is_neither_built_nor_pushed(deploy, app, registry, monkeypatch):
    pushed = "sha256:" + "cd" * 32
    registry.answers[GET_IMAGE] = {"imageDigest": pushed}
    asked = []
    answer = registry.call
    registry.call = lambda args: asked.append((args.token, args.args)) or answer(args)
    options = options_of(monkeypatch, lambda: Image("web", {"context": "app", "repository_name": "shop"}), deploy)
    (inputs,) = [r.inputs for r in registry.resources if r.typ == BUILD]
    assert (GET_IMAGE, {"repositoryName": "shop", "imageTag": tag(context="app")}) in asked
    assert inputs["push"] is False
    assert inputs["exports"] == [{"cacheonly": {}}]
    assert inputs["dockerfile"]["inline"].startswith("FROM scratch\n")
    assert inputs["context"] == {"location": "app"}
    assert "tags" not in inputs
    known = set(pulumi_docker_build.ImageArgs.__init__.__annotations__) - {"return"}
    assert set(options.ignore_changes) <= known
    # Whatever a build sets is left as it is, but for the credentials.
    assert known - set(options.ignore_changes) == {"registries", "add_hosts", "builder", "exec_", "labels", "load"} | {
        "pull",
        "ssh",
    }


@pytest.mark.parametrize(("days", "warns"), [(59, False), (61, True), (None, False)])
def test_an_image_that_has_not_been_built_for_two_months_is_reported(deploy, app, registry, warnings, days, warns):
    pushed = {} if days is None else {"imagePushedAt": int(time.time()) - days * 86_400}
    registry.answers[GET_IMAGE] = {"imageDigest": "sha256:" + "cd" * 32, **pushed}
    deploy(lambda: Image("web", {"context": "app", "repository_name": "shop"}))
    assert [text for text in warnings if f"pushed {days} days ago" in text and "`rebuild`" in text] == warnings
    assert bool(warnings) is warns


def test_the_digest_is_the_one_in_the_repository(deploy, app, registry):
    pushed = "sha256:" + "cd" * 32
    registry.answers[GET_IMAGE] = {"imageDigest": pushed}
    deployed = deploy(lambda: Image("web", {"context": "app", "repository_name": "shop"}))
    assert deployed.outputs["digest"] == pushed
    assert deployed.outputs["image_uri"] == f"{HOST}/shop@{pushed}"


def test_reuse_goes_on_with_the_cache_so_that_no_repository_comes_and_goes(deploy, app, registry):
    args = {"context": "app", "repository_name": "shop"}
    before = set(deploy(lambda: Image("web", args)).of_type("ecr/repository:Repository"))
    registry.resources.clear()
    registry.answers[GET_IMAGE] = {"imageDigest": DIGEST}
    assert set(deploy(lambda: Image("web", args)).of_type("ecr/repository:Repository")) == before


def test_a_bare_docker_daemon_builds_and_pushes_too(deploy, app):
    args = {
        **{"context": "app", "dockerfile_target": "0"},
        **{"builder": "docker", "build_args": {"A": "1"}, "architecture": "arm64"},
    }
    deployed = deploy(lambda: Image("web", args))
    ((name, inputs),) = deployed.of_type("docker:index/image:Image").items()
    url = f"{HOST}/web-1234567"
    assert name == f"web-{tag(**args)[:8]}"
    assert inputs.pop("registry")["value"] == {"server": HOST, "username": "AWS", "password": "hush"}
    assert inputs == {
        "imageName": f"{url}:{tag(**args)}",
        "build": {
            **{"context": "app", "dockerfile": "app/Dockerfile", "target": "0"},
            **{"platform": "linux/arm64", "args": {"A": "1"}},
        },
        "skipPush": False,
        "buildOnPreview": False,
    }
    assert deployed.outputs["image_uri"] == f"{url}@{DIGEST}"
    assert not deployed.of_type(BUILD)
    assert set(deployed.of_type("ecr/repository:Repository")) == {"web"}


def test_a_bare_docker_daemon_pushes_nothing_twice(deploy, app, registry):
    registry.answers[GET_IMAGE] = {"imageDigest": DIGEST}
    args = {"context": "app", "builder": "docker", "repository_name": "shop"}
    ((_, inputs),) = deploy(lambda: Image("web", args)).of_type("docker:index/image:Image").items()
    assert inputs["skipPush"] is True


@pytest.mark.parametrize(
    ("reference", "repository_url", "digest"),
    [
        ("nginx", "nginx", ""),
        ("nginx:1.27", "nginx", ""),
        ("localhost:5000/shop/web", "localhost:5000/shop/web", ""),
        ("localhost:5000/shop/web:v1", "localhost:5000/shop/web", ""),
        (f"ghcr.io/shop/web@{DIGEST}", "ghcr.io/shop/web", DIGEST),
        (f"ghcr.io/shop/web:v1@{DIGEST}", "ghcr.io/shop/web", DIGEST),
    ],
)
def test_a_ready_image_is_passed_on_and_creates_nothing(deploy, reference, repository_url, digest):
    assert split_reference(reference) == (repository_url, digest)
    deployed = deploy(lambda: Image("web", {"image": pulumi.Output.from_input(reference)}))
    known = {"image_uri": reference, "repository_url": repository_url, "digest": digest, "repository_arn": ""}
    assert deployed.outputs == known
    assert [r.typ for r in deployed.resources if r.name != "flask-on-aws-test"] == ["flask-on-aws:index:Image"]


@pytest.mark.parametrize(
    ("args", "argument", "part"),
    [
        ({}, "image", "not both or neither"),
        ({"context": "app", "image": "nginx"}, "image", "not both or neither"),
        ({"context": "nowhere"}, "context", "'nowhere' is not a folder"),
        ({"context": "app", "dockerfile": "No"}, "dockerfile", "there is no file 'No' in 'app'"),
        (
            {"context": "app", "dockerfile_target": "web"},
            "dockerfile_target",
            "Dockerfile names no stage; add `AS web` to a FROM",
        ),
        ({"context": "app", "architecture": "riscv"}, "architecture", "'riscv' is not one of x86_64, arm64"),
        ({"context": "app", "builder": "podman"}, "builder", "'podman' is not one of docker-build, docker"),
        ({"context": "app", "images_kept": 19}, "images_kept", "19 must be a whole number from 20 to 1000 images"),
        ({"context": "app", "repository_name": "Shop"}, "repository_name", "'Shop' must be 2 to 250 lower-case"),
        ({"context": "app", "repository_name": "a" * 251}, "repository_name", "must be 2 to 250 lower-case"),
        (
            {"context": "app", "builder": "docker", "build_secrets": {"A": "1"}},
            "build_secrets",
            "does not support build_secrets",
        ),
        ({"context": "app", "builder": "docker", "rebuild": "1"}, "rebuild", "does not support rebuild"),
        ({"context": "app", "builder": "docker", "cache": True}, "cache", "does not support cache"),
    ],
)
def test_wrong_arguments_are_rejected_with_the_value_and_the_fix(app, args, argument, part):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert part in problem.reason


def test_nothing_is_registered_when_the_folder_cannot_be_hashed(app, registry):
    (app / ".dockerignore").write_text("[a")
    with pytest.raises(pulumi.InputPropertiesError, match="is not a pattern"):
        Image("web", {"context": "app"})
    assert registry.resources == []
