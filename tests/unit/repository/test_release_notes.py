"""The version of a release, and its section of the changelog."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("release_notes", ROOT / ".github" / "release_notes.py")
release_notes = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(release_notes)

CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- Queues.

## [0.1.0] - 2026-11-01

- First.
"""


@pytest.fixture
def repository(tmp_path):
    def write(library="0.2.0", command="0.2.0", pin="flask-on-aws==0.2.0"):
        (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
        for folder, version, dependency in (("components", library, "pulumi>=3"), ("cli", command, pin)):
            (tmp_path / folder).mkdir()
            text = f'[project]\nname = "x"\nversion = "{version}"\ndependencies = ["click", "{dependency}"]\n'
            (tmp_path / folder / "pyproject.toml").write_text(text)
        return tmp_path

    return write


def test_the_notes_are_the_section_of_the_version(repository):
    assert release_notes.notes("v0.2.0", repository()) == "### Added\n\n- Queues.\n"


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [
        ({"library": "0.1.0"}, "components/pyproject.toml has the version 0.1.0; set it to 0.2.0"),
        ({"command": "0.3.0"}, "cli/pyproject.toml has the version 0.3.0; set it to 0.2.0"),
        (
            {"pin": "flask-on-aws==0.1.0"},
            "cli/pyproject.toml requires flask-on-aws==0.1.0; set it to flask-on-aws==0.2.0",
        ),
        (
            {"pin": "flask-on-aws>=0.2"},
            "cli/pyproject.toml requires no exact version of flask-on-aws; set it to flask-on-aws==0.2.0",
        ),
    ],
)
def test_a_tag_that_no_distribution_has_ends_the_release(repository, versions, sentence):
    with pytest.raises(release_notes.ReleaseError) as error:
        release_notes.notes("v0.2.0", repository(**versions))
    assert str(error.value) == sentence


@pytest.mark.parametrize("tag", ["v0.3.0", "Unreleased", "v0.2"])
def test_a_release_without_a_section_ends(repository, tag):
    """The last is the beginning of one that exists; an empty section is none."""
    version = tag.removeprefix("v") if tag != "Unreleased" else "0.2.0"
    root = repository(version, version, f"flask-on-aws=={version}")
    with pytest.raises(release_notes.ReleaseError, match=r"CHANGELOG\.md has no section \["):
        release_notes.notes(tag, root)


def test_this_repository_s_next_release_has_notes():
    assert release_notes.notes("Unreleased").startswith("### ")
