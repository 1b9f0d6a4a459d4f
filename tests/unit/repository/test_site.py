"""The documentation as a site, and the links of every page that is read in the repository."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", ".github/*.md", "*/README.md", "examples/*/README.md")
    for path in ROOT.glob(pattern)
    if not path.parent.name.startswith((".local-", ".test-"))
)
SECTIONS = ["Home", "Tutorial", "How-to guides", "Reference", "Explanation"]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site; --strict fails for a link, an anchor or a page of docs/ that leads nowhere."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_on_the_site_and_can_be_searched_for(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0].removesuffix(".html") for entry in index["docs"]}
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"} <= found
    assert {"upgrading", "changelog", "contributing", "security", "benchmarks"} <= found
    assert any("databaseMultiAz" in entry["text"] for entry in index["docs"])


def test_the_site_holds_no_program_and_asks_no_other_host(site):
    assert list(site.rglob("*.py")) == []
    html = (site / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', html) == []


def test_a_link_to_a_file_leads_to_the_repository_and_one_to_a_page_stays(site):
    html = (site / "sharing-a-platform.html").read_text(encoding="utf-8")
    repository = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["extra"]["repository"]
    assert f'href="{repository}/blob/main/examples/platform/__main__.py"' in html
    assert 'href="upgrading.html#' in (site / "domains.html").read_text(encoding="utf-8")


def test_the_pages_are_sorted_by_what_a_reader_wants():
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert [next(iter(entry)) for entry in navigation] == SECTIONS


def anchors(page: Path) -> set[str]:
    """Those of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(page: Path) -> list[str]:
    """The targets of its links and pictures: inline, by reference, and in HTML."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    inline = re.findall(r"\]\(([^)\s]+)(?:\s[^)]*)?\)", text)
    references = re.findall(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", text, re.MULTILINE)
    return inline + references + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page):
    broken = []
    for link in links_of(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        file = (page.parent / name) if name else page
        # MkDocs' own pages from outside of docs/ are linked by their files, images of two palettes by a fragment.
        if not file.exists() or (file.suffix == ".md" and anchor and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("distribution", ["components", "cli"])
def test_a_readme_on_pypi_links_only_absolutely_and_to_what_exists(distribution):
    """PyPI resolves a relative link against its own site, where it is dead."""
    project = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["extra"]["repository"]
    links = links_of(ROOT / distribution / project["readme"])
    assert [link for link in links if "://" not in link] == []
    own = [link.removeprefix(f"{repository}/") for link in links if link.startswith(f"{repository}/")]
    for link in own:
        name, _, anchor = re.sub(r"^(?:blob|tree)/main/", "", link).partition("#")
        assert (ROOT / name).exists(), link
        assert not anchor or anchor in anchors(ROOT / name), link


def test_the_readme_is_short_and_its_two_commands_are_on_the_first_screen():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120
    first_screen = [line.partition("#")[0].strip() for line in lines[:30]]
    assert [line for line in first_screen if line.startswith("./")] == ["./up", "./test", "./test all"]


@pytest.mark.parametrize("name", ["stack-light.svg", "stack-dark.svg", "app.png", "console.png"])
def test_the_readme_shows_its_pictures_and_they_are_small(name):
    assert f"docs/images/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 < (ROOT / "docs" / "images" / name).stat().st_size < 200_000
