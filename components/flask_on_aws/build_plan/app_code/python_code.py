"""The Python modules of an app's folder, parsed and never imported."""

import ast
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from ..project_files import FileError, ProjectFiles

# Folders that contain no entry point of an app.
_SKIPPED = frozenset(
    {
        *(
            "tests",
            "test",
            "docs",
            "doc",
            "examples",
            "migrations",
            "alembic",
            "node_modules",
            "site-packages",
            "build",
        ),
        *("dist", "static", "templates", "venv", "env", "scripts", "__pycache__", "benchmarks"),
    }
)
# Entry points are near the top. A folder of more files is read in part, so that a plan stays fast.
_DEEPEST, _MOST_FILES, _LARGEST_FILE = 4, 400, 1_000_000
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A module of the app."""

    name: str
    """As it is imported from its root."""
    file: str
    root: str
    """The folder from which it is imported, relative to the app's; empty for the app's folder."""
    tree: ast.Module = field(repr=False)

    def in_root(self, command: str, installed: bool = False) -> str:
        """A command that imports the module from its root; `installed`: whether the app is installed as a package."""
        if self.root == "src":
            return command if installed else f"PYTHONPATH=src {command}"
        return f"cd {shlex.quote(self.root)} && {command}" if self.root else command

    @cached_property
    def imports(self) -> dict[str, str]:
        """What names stand for that imports of the module make: dotted names."""
        names = dict[str, str]()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    names[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                names |= {name.asname or name.name: f"{base}.{name.name}".strip(".") for name in node.names}
        return names

    @cached_property
    def star_imports(self) -> tuple[str, ...]:
        """The modules of `from … import *`, as dotted names."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom)]
        return tuple(self._absolute(node) for node in nodes if any(name.name == "*" for name in node.names))

    @cached_property
    def functions(self) -> dict[str, FunctionNode]:
        """Functions at the top of the module."""
        return {node.name: node for node in self.statements if isinstance(node, FunctionNode)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Classes at the top of the module."""
        return {node.name: node for node in self.statements if isinstance(node, ast.ClassDef)}

    @cached_property
    def objects(self) -> dict[str, ast.expr]:
        """Values of the names that the module assigns at its top, the last of each."""
        return dict(assignments(self.statements))

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The statements that an import runs."""
        return list(_flat(self.tree.body))

    @cached_property
    def has_main_guard(self) -> bool:
        """Whether it has `if __name__ == "__main__":`, and so is also a program."""
        return any(map(is_main_guard, self.tree.body))

    def dotted(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, such as `flask.Flask`; empty for any other expression."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            value = self.dotted(node.value)
            return f"{value}.{node.attr}" if value else ""
        return ""

    def _absolute(self, node: ast.ImportFrom) -> str:
        """The module that `from … import` names."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        is_package = PurePosixPath(self.file).name == "__init__.py"
        package = parts[: len(parts) - node.level + is_package]
        return ".".join([*package, *([node.module] if node.module else [])])


def assignments(statements: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names with the expressions that are assigned to them."""
    for node in statements:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, node.value


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and "__main__" in ast.dump(node.test) and "__name__" in ast.dump(node.test)


def _flat(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, and those in conditions, `try` and `with`."""
    for node in statements:
        yield node
        if is_main_guard(node):
            continue
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _flat(node.body)
        if isinstance(node, ast.If | ast.Try):
            yield from _flat(node.orelse)
        if isinstance(node, ast.Try):
            yield from (inner for handler in node.handlers for inner in _flat(handler.body))


class Code:
    """All modules of an app's folder."""

    def __init__(self, files: ProjectFiles) -> None:
        self._files = files

    @cached_property
    def modules(self) -> list[Module]:
        """The modules that can be parsed, those of upper folders first."""
        paths = sorted(self._paths(), key=lambda path: (path.count("/"), path))[:_MOST_FILES]
        trees = {path: tree for path in paths if (tree := self._parsed(path))}
        packages = {PurePosixPath(path).parent.as_posix() for path in trees if path.endswith("/__init__.py")}
        packages |= self._imported(trees)
        return [self._module(path, tree, packages) for path, tree in trees.items()]

    def module(self, name: str) -> Module | None:
        """The module of this dotted name."""
        return next((module for module in self.modules if module.name == name), None)

    def split(self, dotted: str) -> tuple[Module, str] | None:
        """The module of the app and the name in it that a dotted name stands for."""
        name, _, attribute = dotted.rpartition(".")
        module = self.module(name) if name else None
        return (module, attribute) if module else None

    def _paths(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self._files.folder):
            relative = PurePosixPath(os.path.relpath(folder, self._files.folder).replace(os.sep, "/"))
            depth = len(relative.parts)
            folders[:] = sorted(
                name
                for name in folders
                if depth < _DEEPEST
                and name not in _SKIPPED
                and not name.startswith(".")
                and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
            )
            for name in names:
                if name.endswith(".py") and not name.startswith("test_") and name not in ("conftest.py", "setup.py"):
                    yield (relative / name).as_posix()

    def _parsed(self, path: str) -> ast.Module | None:
        try:
            text = self._files.text(path)
            return ast.parse(text) if len(text) <= _LARGEST_FILE else None
        except (FileError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _imported(self, trees: dict[str, ast.Module]) -> set[str]:
        """Folders without `__init__.py` that modules beside them import as packages."""
        names = set[str]()
        for path, tree in trees.items():
            if "/" not in path:
                names |= {name.partition(".")[0] for name in Module("", path, "", tree).imports.values()}
        return {path.partition("/")[0] for path in trees if "/" in path} & names - {"src"}

    def _module(self, path: str, tree: ast.Module, packages: set[str]) -> Module:
        parts = list(PurePosixPath(path).with_suffix("").parts)
        start = len(parts) - 1
        while start and "/".join(parts[:start]) in packages:
            start -= 1
        if start and any("/".join(parts[:n]) in packages for n in range(1, start)):
            start = 0  # a folder without `__init__.py` in a package
        dotted = parts[start:]
        if dotted[-1] == "__init__" and len(dotted) > 1:
            dotted = dotted[:-1]
        return Module(".".join(dotted), path, "/".join(parts[:start]), tree)
