"""Test of the commands that operate an app with a stack of the Pulumi CLI."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main
from flask_on_aws_cli.operations.errors import OperationError
from flask_on_aws_cli.operations.target import AppOptions, find_app

from tests.e2e.stacks import Stack, use_this_environment

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi

for name in ("clusterName", "serviceName"):
    pulumi.export(name, f"{name}-1")
"""
ROLES = [{"roleArn": "arn:aws:iam::123456789012:role/deploy"}]


@pytest.fixture
def stack(pulumi_command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.yaml").write_text("name: app\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n")
    use_this_environment(folder / "Pulumi.yaml")
    stack = Stack(pulumi_command, folder, "http://127.0.0.1:9", "dev")
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(name, stack.environment[name])
    monkeypatch.delenv("AWS_REGION", raising=False)
    return stack


def test_an_app_is_found_with_the_stack_s_outputs_and_provider_settings(stack: Stack) -> None:
    with pytest.raises(OperationError, match=r"The selected stack of .* is not deployed; deploy it with: pulumi up"):
        find_app(AppOptions(project=stack.folder))
    with pytest.raises(OperationError, match="has no stack absent; list its stacks with: pulumi stack ls"):
        find_app(AppOptions(project=stack.folder, stack="absent"))
    stack.run("config", "set", "aws:region", "eu-north-1")
    stack.run("config", "set", "aws:profile", "shop")
    stack.run("config", "set", "--path", "aws:assumeRoles[0].roleArn", ROLES[0]["roleArn"])
    stack.up()
    app = find_app(AppOptions(project=stack.folder, stack="dev"))
    assert app.cluster == "clusterName-1"
    assert app._settings.given == {"region": "eu-north-1", "profile": "shop", "assumeRoles": ROLES}
    stack.run("config", "set", "--secret", "aws:secretKey", "s3cret")
    stack.run("config", "set", "aws:accessKey", "key")
    provider_settings = find_app(AppOptions(project=stack.folder))._settings.given
    assert (provider_settings["accessKey"], provider_settings["secretKey"]) == ("key", "s3cret")
    stack.run("stack", "unselect")
    with pytest.raises(OperationError, match="is selected; use --stack"):
        find_app(AppOptions(project=stack.folder))


def test_a_secret_is_stored_encrypted_deployed_and_removed(stack: Stack) -> None:
    for secret in ('multi\nline "x" $HOME', "42", "true"):
        done = CliRunner().invoke(
            main, ["secrets", "set", "TOKEN", "--project", str(stack.folder), "--stack", "dev", "--yes"], input=secret
        )
        assert done.exit_code == 0, done.output
        assert stack.run("config", "get", "--path", "secretValues.TOKEN").removesuffix("\n") == secret
        assert "secure: v1:" in (stack.folder / "Pulumi.dev.yaml").read_text()
    assert stack.outputs()["clusterName"] == "clusterName-1"  # it is deployed
    done = CliRunner().invoke(main, ["secrets", "unset", "TOKEN", "--project", str(stack.folder), "--no-up"])
    assert done.exit_code == 0, done.output
    assert "secure: v1:" not in (stack.folder / "Pulumi.dev.yaml").read_text()
