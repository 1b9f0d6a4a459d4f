"""The pictures of the documentation: those that `flask-on-aws review --format svg` draws of these programs now."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask_on_aws_cli.picture import as_svg
from flask_on_aws_cli.pulumi_engine.program.project import read_project
from flask_on_aws_cli.review.inputs.programs import Evaluator
from flask_on_aws_cli.review.inputs.snapshot import Snapshot
from flask_on_aws_cli.review.pictures import stack_diagram

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "docs" / "images"
# File → the program's folder, its stack, and settings that its stack file does not have.
PROGRAMS = {
    "stack": (".", "prod", {}),
    "example-own-service": ("examples/own_service", "dev", {}),
    "example-platform": ("examples/platform", "dev", {"platform:domain": "example.com"}),
    "example-second-service": ("examples/second_service", "dev", {"second-service:image": "example.com/shop:1"}),
    "example-team-state": ("examples/team_state", "dev", {}),
}
THEMES = ("light", "dark")


def drawn(name):
    """Theme → the picture of a program."""
    folder, stack, settings = PROGRAMS[name]
    project = read_project(ROOT / folder, stack, decrypts=False, as_ciphertext=True)
    project = replace(project, config={**project.config, **settings})
    graph = Evaluator(project, str(ROOT / "components")).run().graph
    picture = stack_diagram(f"{project.name} {stack}", graph.resources, Snapshot(""), [])
    return {theme: as_svg(picture, theme) for theme in THEMES}


@pytest.mark.parametrize("name", PROGRAMS)
def test_pictures_of_the_documentation_are_those_of_the_programs(name):
    for theme, picture in drawn(name).items():
        file = IMAGES / f"{name}-{theme}.svg"
        if os.environ.get("UPDATE_GOLDEN"):
            file.write_text(picture)
        assert file.read_text() == picture, "UPDATE_GOLDEN=1 ./test tests/unit/repository/test_pictures.py"


def test_every_picture_is_in_the_documentation():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*/README.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+\.svg)", page.read_text())}
    assert shown == {f"{name}-{theme}.svg" for name in PROGRAMS for theme in THEMES}
