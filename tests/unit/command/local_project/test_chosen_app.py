"""Tests of the app that `up DIR` chooses, and of its own local AWS."""

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.local_project import project as projects
from flask_on_aws_cli.local_project.chosen_app import choose_app, chosen_app, home
from flask_on_aws_cli.local_project.project import find_local_aws, open_local_aws
from flask_on_aws_cli.main import main


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(projects, "CACHE", tmp_path / "cache")
    folder = tmp_path / "infra"
    for name in ("infra", "shop", "blog", "configured"):
        (tmp_path / name).mkdir()
    (folder / "Pulumi.yaml").write_text("name: infra\nruntime: python\nconfig:\n  app: ../configured\n")
    return folder


def status(project, app):
    return CliRunner().invoke(main, ["local", "status", "--project", str(project), "--app", str(app)])


def test_each_app_has_a_local_aws_of_its_own_with_other_ports(project):
    default = open_local_aws(project, "us-east-1")
    opened = [default]
    for name in ("shop", "blog"):
        choose_app(project, project.parent / name)
        assert find_local_aws(project) is None
        opened.append(open_local_aws(project, "us-east-1"))
        assert find_local_aws(project) == opened[-1]
    assert len({local_aws.location.folder for local_aws in opened}) == 3
    assert len({local_aws.https_port for local_aws in opened}) == 3
    choose_app(project, project.parent / "shop")
    assert find_local_aws(project) == opened[1]
    choose_app(project, None)
    assert (find_local_aws(project), chosen_app(project), home(project)) == (default, None, project)
    # The daemon finds its local AWS by this folder, whatever the choice is by then.
    assert find_local_aws(opened[1].location.folder.parent) == opened[1]


def test_a_link_and_a_folder_of_the_same_name_elsewhere(project, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    (tmp_path / "other" / "shop").mkdir(parents=True)
    homes = []
    for folder in (tmp_path / "shop", tmp_path / "link", tmp_path / "other" / "shop"):
        choose_app(project, folder)
        homes.append(home(project))
    assert homes[0] == homes[1] != homes[2]


def test_a_command_that_creates_nothing_does_not_choose_an_app_without_a_local_aws(project, tmp_path):
    done = status(project, tmp_path / "shop")
    assert done.exit_code == 1
    assert f"The app in {tmp_path / 'shop'} has no local AWS; create one with: " in done.output
    assert chosen_app(project) is None


def test_a_later_command_uses_the_app_that_was_named_last(project, tmp_path):
    choose_app(project, tmp_path / "shop")
    open_local_aws(project, "us-east-1")
    assert "is not running" in status(project, tmp_path / "shop").output
    assert chosen_app(project) == tmp_path / "shop"
    status(project, tmp_path / "configured")  # the app of the setting needs no choice
    assert chosen_app(project) is None


def test_a_folder_that_does_not_exist_is_rejected(project, tmp_path):
    assert "does not exist" in status(project, tmp_path / "shp").output
