"""`flask-on-aws import`: reports and stack files of real-shaped sources, and what the program makes of them."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws.flask_app.flask_app_args import with_profile
from flask_on_aws_cli.importers.stacks.settle import COMPONENT_DEFAULTS
from flask_on_aws_cli.main import main

from tests.reference import generate
from tests.unit.command.importers.import_runs import IMPORTS, SECRETS, SOURCES, make_project, run_import, stack_files

ROOT = Path(__file__).parents[4]
EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("source", IMPORTS)
def test_the_report_and_the_files(tmp_path, monkeypatch, source):
    done = run_import(monkeypatch, make_project(tmp_path, source), source, *IMPORTS[source])
    files = "".join(f"\n==> {name}\n{text}" for name, text in done.files.items())
    actual = f"{done.output}\nexit code {done.code}\n{files}"
    golden = EXPECTED / f"{source}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(actual)
    assert actual == golden.read_text(), "UPDATE_GOLDEN=1 ./test tests/unit/command/importers updates the file"


@pytest.mark.parametrize("source", IMPORTS)
def test_the_program_accepts_the_files(tmp_path, monkeypatch, configured, mocks, source):
    done = run_import(monkeypatch, make_project(tmp_path, source), source, *IMPORTS[source])
    for name in done.files:
        values = done.settings(name.split(".")[1])
        if "app" in values:
            values["app"] = str(tmp_path / values["app"])
        loaded = configured(**values)
        assert with_profile(loaded.app)["environment"] in ("development", "staging", "production")


@pytest.mark.parametrize("source", IMPORTS)
def test_a_second_import_changes_nothing(tmp_path, monkeypatch, source):
    project = make_project(tmp_path, source)
    first = run_import(monkeypatch, project, source, *IMPORTS[source])
    second = run_import(monkeypatch, project, source, *IMPORTS[source])
    assert second.files == first.files
    assert second.code == first.code
    assert "was written" not in second.output
    assert "Kept as you set it" not in second.output


@pytest.mark.parametrize("source", IMPORTS)
def test_no_credential_is_copied(tmp_path, monkeypatch, source):
    project = make_project(tmp_path, source)
    done = run_import(monkeypatch, project, source, *IMPORTS[source])
    text = "".join((done.output, done.errors, *done.files.values()))
    text += run_import(monkeypatch, project, source, *IMPORTS[source], "--json").output
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("source", IMPORTS)
def test_each_setting_of_the_report_has_its_value_in_the_stack(tmp_path, monkeypatch, source):
    """A setting that equals a default is not written, so the default must be that of the environment."""
    project = make_project(tmp_path, source)
    done = run_import(monkeypatch, project, source, *IMPORTS[source], "--json")
    for stack in json.loads(done.output):
        written = done.settings(stack["stack"])
        defaults = reference_defaults()
        for entry in stack["carried"]:
            if " is the default" in entry["text"] and entry["subject"] in defaults:
                assert entry["subject"] not in written
                value = entry["text"].split(" is the default")[0]
                assert value in defaults[entry["subject"]], entry


def reference_defaults():
    return {row.name: row.default for group in generate.settings_by_section().values() for row in group}


def test_the_defaults_of_components_are_those_of_the_reference():
    rows = reference_defaults()
    assert {name: str(value).lower() for name, value in COMPONENT_DEFAULTS.items()} == {
        name: rows[name] for name in COMPONENT_DEFAULTS
    }


@pytest.mark.parametrize(
    "platform", ["app-runner", "compose", "copilot", "fly", "heroku", "kamal", "railway", "render", "upsun"]
)
def test_the_report_in_the_documentation(tmp_path, monkeypatch, platform):
    project, source = tmp_path / "infra", SOURCES / f"docs-{platform}"
    project.mkdir()
    shutil.copytree(source, tmp_path / "shop")
    done = run_import(monkeypatch, make_project(project), "../shop")
    path = ROOT / "docs" / f"from-{platform}.md"
    page = path.read_text()
    if os.environ.get("UPDATE_GOLDEN"):
        page = re.sub(
            r"(?<=```text\nCarried over:\n).*?(?=```)", lambda _: done.output.partition("\n")[2], page, flags=re.DOTALL
        )
        path.write_text(page)
    assert f"```text\n{done.output}```" in page
    shown = re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    assert shown == [(file, (source / file).read_text()) for file, _ in shown]
    assert len(shown) == 1


def test_what_the_user_set_is_kept_and_listed(tmp_path, monkeypatch):
    project = make_project(tmp_path, "upsun-notes")
    original = (
        "# Ours.\nencryptionsalt: v1:abc\nconfig:\n  aws:region: eu-central-1 # near us\n"
        "  flask-on-aws:startCommand: gunicorn notes:app\n"
        "  flask-on-aws:environment: staging\n"
        "  flask-on-aws:env:\n    FLASK_APP: other # of ours\n    MINE: '1'\n"
        "  flask-on-aws:secretValues:\n    MAIL_PASSWORD:\n      secure: v1:xyz\n"
    )
    (project / "Pulumi.prod.yaml").write_text(original)
    done = run_import(monkeypatch, project, "upsun-notes")
    assert done.code == 0  # its only need is set
    written = done.files["Pulumi.prod.yaml"]
    # Nothing but lines was added.
    assert [line for line in written.splitlines() if line in original.splitlines()] == original.splitlines()
    settings = done.settings("prod")
    assert settings["startCommand"] == "gunicorn notes:app"
    assert settings["env"] == {"FLASK_APP": "other", "MINE": "1", "FEATURE_DRAFTS": "true"}
    assert settings["environment"] == "staging"
    kept = done.output.split("Kept as you set it:")[1].split("Needs you:")[0]
    assert "startCommand: keeps the value of Pulumi.prod.yaml:5, which differs" in kept
    assert "env.FLASK_APP: keeps the value of Pulumi.prod.yaml:7, which differs" in kept
    assert "secretValues.MAIL_PASSWORD: is set in Pulumi.prod.yaml" in done.output
    assert run_import(monkeypatch, project, "upsun-notes").files["Pulumi.prod.yaml"] == written


def test_what_is_needed_is_done_when_it_is_set(tmp_path, monkeypatch):
    project = make_project(tmp_path, "copilot-legacy")
    first = run_import(monkeypatch, project, "copilot-legacy")
    assert first.code == 1
    with (project / "Pulumi.live.yaml").open("a") as file:
        file.write("  flask-on-aws:healthCheckPath: /up\n  flask-on-aws:dnsReady: true\n")
    assert run_import(monkeypatch, project, "copilot-legacy").code == 0


def test_a_variable_that_is_a_secret_of_the_stack_is_not_set_twice(tmp_path, monkeypatch):
    project = make_project(tmp_path, "copilot-image")
    (project / "Pulumi.prod.yaml").write_text("config:\n  flask-on-aws:secretValues:\n    GREETING: {secure: v1:abc}\n")
    done = run_import(monkeypatch, project, "copilot-image")
    assert (done.code, "env" in done.settings("prod")) == (0, False)
    assert "env.GREETING: is secretValues.GREETING in Pulumi.prod.yaml" in done.output


def test_an_encrypted_object_gets_no_entries(tmp_path, monkeypatch):
    project = make_project(tmp_path, "copilot-image")
    (project / "Pulumi.prod.yaml").write_text("config:\n  flask-on-aws:env:\n    secure: v1:abc\n")
    done = run_import(monkeypatch, project, "copilot-image")
    assert done.settings("prod")["env"] == {"secure": "v1:abc"}
    assert "env.GREETING: is not added, because Pulumi.prod.yaml:2 is encrypted as a whole" in done.output


def test_heroku_yml_is_reported(tmp_path, monkeypatch):
    project = make_project(tmp_path, "heroku-container")
    (project / "heroku-container" / "heroku.yml").write_text("build: {docker: {web: Dockerfile}}\n")
    assert "heroku.yml: is not read" in run_import(monkeypatch, project, "heroku-container").output


def test_a_dry_run_writes_nothing(tmp_path, monkeypatch):
    project = make_project(tmp_path, "heroku-plain")
    done = run_import(monkeypatch, project, "heroku-plain", "--dry-run")
    assert (done.code, done.files) == (0, {})
    assert "startCommand: is read from the Procfile" in done.output


def test_a_user_s_value_that_contradicts_the_source_is_reported(tmp_path, monkeypatch):
    """maxTasks of the file is below the source's minTasks: nothing that the program rejects is written."""
    project = make_project(tmp_path, "heroku-blog")
    (project / "Pulumi.prod.yaml").write_text("config:\n  flask-on-aws:maxTasks: 2\n")
    done = run_import(monkeypatch, project, "heroku-blog")
    assert "minTasks" not in done.settings("prod")
    assert "minTasks: was not accepted" in done.output


def test_values_on_which_yaml_parsers_differ_stay_texts(tmp_path, monkeypatch):
    words = [
        "yes",
        "1e3",
        "0o17",
        "0123",
        "1_000",
        "12:30:45",
        "~",
        "null",
        "2024-01-31",
        " padded ",
        "a: b",
        "# x",
        "",
    ]
    (tmp_path / "app.json").write_text(
        json.dumps({"env": {f"V{i}": word for i, word in enumerate(words)}, "addons": []})
    )
    (tmp_path / "Procfile").write_text("web: gunicorn --bind 0.0.0.0:$PORT app:app\n")
    (tmp_path / "requirements.txt").write_text("flask\ngunicorn\n")
    done = run_import(monkeypatch, make_project(tmp_path), ".")
    assert done.code == 0, done.output
    assert list(done.settings("prod")["env"].values()) == words
    assert 'V1: "1e3"' in done.files["Pulumi.prod.yaml"]


def test_the_line_ends_of_a_file_stay(tmp_path, monkeypatch):
    project = make_project(tmp_path, "heroku-plain")
    (project / "Pulumi.prod.yaml").write_bytes(b"# Ours.\r\nconfig:\r\n  aws:region: eu-central-1\r\n")
    run_import(monkeypatch, project, "heroku-plain")
    written = (project / "Pulumi.prod.yaml").read_bytes()
    assert b"\r\n  flask-on-aws:environment: production\r\n" in written
    assert written.count(b"\n") == written.count(b"\r\n")


def test_the_mode_of_a_file_and_its_link_stay(tmp_path, monkeypatch):
    project = make_project(tmp_path, "heroku-plain")
    real = tmp_path / "stacks.yaml"
    real.write_text("config:\n  aws:region: eu-central-1\n")
    real.chmod(0o600)
    (project / "Pulumi.prod.yaml").symlink_to(real)
    run_import(monkeypatch, project, "heroku-plain")
    assert (project / "Pulumi.prod.yaml").is_symlink()
    assert "environment: production" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_if_one_of_several_files_is_invalid(tmp_path, monkeypatch):
    project = make_project(tmp_path, "copilot-shop")
    (project / "Pulumi.test.yaml").write_text("config: [1]\n")
    before = stack_files(project)
    done = run_import(monkeypatch, project, "copilot-shop")
    assert (done.code, done.files) == (2, before)
    assert done.errors == "Pulumi.test.yaml:1: config must be a mapping in block style; correct it and import again.\n"


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "existing"])
def test_nothing_is_written_if_one_of_several_files_cannot_be(tmp_path, monkeypatch, is_there):
    project = make_project(tmp_path, "copilot-shop")
    if is_there:
        (project / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    before = {path.name for path in project.iterdir()}
    prod = (project / "Pulumi.prod.yaml").read_text() if is_there else None
    (project / "Pulumi.test.yaml").symlink_to(tmp_path / "missing" / "Pulumi.test.yaml")
    monkeypatch.chdir(project)
    done = CliRunner().invoke(main, ["import", "copilot-shop"], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "Pulumi.test.yaml cannot be written (No such file or directory), so nothing was written; make its folder "
        "writable.\n"
    )
    assert {path.name for path in project.iterdir()} == {*before, "Pulumi.test.yaml"}
    assert not is_there or (project / "Pulumi.prod.yaml").read_text() == prod
