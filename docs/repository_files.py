"""MkDocs hook: pages from files outside of docs/, and links to such files.

The changelog and similar files belong at the repository's top, where people and tools look for them, and on the site as
well. A link to a file that is not a page is pointed at the repository; a link to a file that does not exist is left as
it is, and fails `mkdocs build --strict`.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "UPGRADE.md": "upgrading.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Files of the repository, from its top, and the names under which they are pages."""
SOURCES = {page: source for source, page in PAGES.items()}
_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside of docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to pages on the site, or to the repository."""
    source = SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    repository = config.extra["repository"]
    return _LINK.sub(lambda link: resolve(link[1], source, repository) + (link[2] or ""), markdown)


def resolve(link: str, source: str, repository: str) -> str:
    """The target of a link in `source`, as its page on the site needs it."""
    if "://" in link or link.startswith(("mailto:", "/")):
        return link
    target = normpath(f"{dirname(source)}/{link}".lstrip("/"))
    if target in PAGES:
        return PAGES[target]
    if target.startswith("docs/"):
        return relpath(target, "docs")
    path = ROOT / target
    if target.startswith("..") or not path.exists():
        return link
    return f"{repository}/{'tree' if path.is_dir() else 'blob'}/main/{target}"
