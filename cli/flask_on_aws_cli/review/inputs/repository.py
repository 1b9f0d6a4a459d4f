"""The program at another commit: a git worktree in a temporary folder."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from .errors import ReviewError

# As `git clone` and hosting services name the main branch, in the order in which they are looked for.
_MAIN_BRANCHES = ("origin/main", "origin/master", "main", "master")
# What git sets for its hooks: `git worktree add` would replace the index of the commit that a hook is part of.
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"})
_SHORT = 7  # digits of a commit, as git shows them


class Base(NamedTuple):
    """A commit to compare with."""

    commit: str
    label: str


class Repository:
    """The git repository that has the program.

    Raises:
        ReviewError: if the folder is not in a git repository.
    """

    def __init__(self, program: Path) -> None:
        self._program = program.resolve()
        self.root = Path(self._git("rev-parse", "--show-toplevel", error="is not in a git repository"))

    def base(self, ref: str) -> Base:
        """The commit that a ref names; without one, the merge base of HEAD and the main branch.

        Raises:
            ReviewError: if there is no such commit here.
        """
        if ref:
            commit = self._find(f"{ref}^{{commit}}")
            if commit is None:
                raise ReviewError(f"--base: {ref!r} is not a commit of this clone{self._shallow_fix()}.")
            return Base(commit, f"{ref} ({commit[:_SHORT]})")
        main = self._main_branch()
        merge_base = self._run("merge-base", "HEAD", main)
        if merge_base is None:
            raise ReviewError(f"HEAD and {main} have no common commit in this clone{self._shallow_fix()}.")
        return Base(merge_base, f"{main} ({merge_base[:_SHORT]})")

    @contextlib.contextmanager
    def worktree(self, base: Base) -> Generator[Path]:
        """The repository's folder at the commit, with links to the folders next to the repository that it uses."""
        with tempfile.TemporaryDirectory(prefix="flask-on-aws-review-") as temporary:
            root = Path(temporary).resolve() / self.root.name
            # Hooks of the repository, such as post-checkout, are not part of a review.
            no_hooks = ("-c", "core.hooksPath=/dev/null")
            self._git(
                *no_hooks, "worktree", "add", "--detach", "--force", str(root), base.commit, error="has no worktree"
            )
            try:
                self._link_neighbors(root)
                yield root
            finally:
                self._run("worktree", "remove", "--force", "--force", str(root))

    def _link_neighbors(self, root: Path) -> None:
        """Link folders such as `../shop`, an app in its own repository: a review compares the program, not that app."""
        for file in self._program.glob("Pulumi*.y*ml"):
            for name in re.findall(r"\.\./([\w][\w.-]*)", file.read_text("utf-8", errors="replace")):
                neighbor, link = self.root.parent / name, root.parent / name
                if neighbor.is_dir() and not link.exists():
                    link.symlink_to(neighbor)

    def _main_branch(self) -> str:
        default = self._run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        for branch in (default, *_MAIN_BRANCHES):
            if branch and self._find(f"{branch}^{{commit}}"):
                return branch
        raise ReviewError(
            f"There is no main branch in this clone{self._shallow_fix()}; name the commit to compare with by --base."
        )

    def _find(self, revision: str) -> str | None:
        return self._run("rev-parse", "--verify", "--quiet", "--end-of-options", revision)

    def _shallow_fix(self) -> str:
        if self._run("rev-parse", "--is-shallow-repository") == "true":
            return ", which is shallow; run `git fetch --unshallow` (fetch-depth: 0 of actions/checkout)"
        return ""

    def _run(self, *arguments: str) -> str | None:
        """The output of a git command, or None if it fails."""
        result = self._completed(*arguments)
        return result.stdout.strip() if result.returncode == 0 else None

    def _git(self, *arguments: str, error: str) -> str:
        result = self._completed(*arguments)
        if result.returncode != 0:
            reason = result.stderr.strip().splitlines()
            raise ReviewError(f"{self._program} {error}: {reason[-1] if reason else 'git failed'}")
        return result.stdout.strip()

    def _completed(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self._program), *arguments]
        variables = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)  # noqa: S603 fixed
        except FileNotFoundError:
            raise ReviewError(
                "There is no git command on this machine; install git, or use --state or --plan."
            ) from None
