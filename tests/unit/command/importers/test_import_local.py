"""`flask-on-aws import --local`: the settings of ./up, from those of production."""

import json

import pytest
import yaml

from tests.unit.command.importers.import_runs import IMPORTS, make_project, run_import

LOCAL = (
    "# The stack on this machine.\nconfig:\n  flask-on-aws:environment: development\n  flask-on-aws:preflight: never\n"
)


def imported(tmp_path, monkeypatch, source, *options):
    tmp_path.mkdir(exist_ok=True)
    project = make_project(tmp_path, source)
    (project / "Pulumi.local.yaml").write_text(LOCAL)
    return run_import(monkeypatch, project, source, *IMPORTS[source], "--local", *options)


def test_only_the_local_stack_is_written_and_keeps_what_it_has(tmp_path, monkeypatch):
    done = imported(tmp_path, monkeypatch, "upsun-notes")
    assert list(done.files) == ["Pulumi.local.yaml"]
    assert done.files["Pulumi.local.yaml"].startswith(LOCAL)
    settings = done.settings("local")
    assert settings["compat"] == ["upsun"]
    assert settings["app"].startswith("upsun-notes")
    assert "pulumi" not in done.output.partition("Next:")[2]
    assert done.output.endswith("  ./up\n")


@pytest.mark.parametrize("source", IMPORTS)
def test_its_settings_are_those_of_production_without_what_applies_on_aws_only(tmp_path, monkeypatch, source):
    here, there = tmp_path / "local", tmp_path / "aws"
    there.mkdir()
    local = imported(here, monkeypatch, source)
    run_import(monkeypatch, make_project(there, source), source, *IMPORTS[source])
    stacks = [path for path in there.glob("Pulumi.*.yaml") if "environment: production" in path.read_text()]
    production = {}
    for path in stacks[-1:]:
        production = {key.partition(":")[2]: value for key, value in yaml.safe_load(path.read_text())["config"].items()}
    ours = local.settings("local")
    assert {"domain", "dns", "minTasks", "maxTasks"} & set(ours) == set()
    for setting in ("app", "startCommand", "releaseCommand", "workers", "env", "compat", "port"):
        if setting in production and len(stacks) == 1:
            assert ours[setting] == production[setting]


def test_what_is_missing_is_a_line_of_the_file(tmp_path, monkeypatch):
    done = imported(tmp_path, monkeypatch, "heroku-blog")
    (report,) = json.loads(imported(tmp_path / "json", monkeypatch, "heroku-blog", "--json").output)
    commands = [entry["command"] for entry in report["needs"]]
    assert commands
    assert [command for command in commands if not command.startswith("Pulumi.local.yaml: flask-on-aws:")] == []
    assert 'add the lines under "Needs you" to the file' in done.output
