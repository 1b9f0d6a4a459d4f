"""Writes the review of a commit of this repository's history into docs/review-pull-requests.md; a test checks it.

python docs/review_example.py    needs a clone with that commit, which a shallow one does not have

The programs of the commit and of its parent run with the components of their own; the review is that of this checkout.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "review-pull-requests.md"
COMMIT = "123611a"  # Production samples the database's operating system every minute
_BLOCK = re.compile(r"(?<=<!-- docs/review_example.py -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)


def has_history() -> bool:
    """Whether this clone has the commit and its parent."""
    command = ["git", "rev-parse", "--verify", "--quiet", f"{COMMIT}^^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0  # noqa: S603 fixed command


def comment() -> str:
    """The comment on a pull request with the commit."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "program")
        _run("git", "worktree", "add", "--detach", "--force", str(folder), COMMIT, folder=ROOT)
        try:
            # The command imports the components of this checkout; those of its worktrees come first for their programs.
            paths = [ROOT / "components", ROOT / "cli", folder / "components"]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
            options = ("--stack", "prod", "--base", "HEAD^", "--format", "markdown")
            command = (sys.executable, "-m", "flask_on_aws_cli", "review", *options)
            return _run(*command, folder=folder, environment=environment).strip()
        finally:
            _run("git", "worktree", "remove", "--force", str(folder), folder=ROOT)


def page(text: str) -> str:
    """The page with this comment, as GitHub shows it once its folded sections are open."""
    shown = re.sub(r"<!--.*?-->\n", "", text, count=1)
    shown = re.sub(r"<details><summary>(.*?)</summary>", r"▾ \1", shown).replace("\n\n</details>", "")
    shown = re.sub(r"^### (.*)", r"**\1**", shown)  # a heading would be one of the page
    quoted = "\n".join(f"> {line}".rstrip() for line in shown.splitlines())
    return _BLOCK.sub(lambda _: quoted, PAGE.read_text(encoding="utf-8"))


def _run(*command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    return subprocess.run(  # noqa: S603 fixed commands
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    PAGE.write_text(page(comment()), encoding="utf-8")
