"""Imports the modules of pulumi_aws's services when they are used, which takes a third less time for a program.

`pulumi_aws.ec2` imports the modules of all 180 resources of EC2, of which a program uses ten. Here the names of a
package are those that its modules list in `__all__`, read without running them, and the first use of a name imports its
module. A package with anything else than imports, or with a module without that list, is imported as usual.

Runs in the program's own interpreter: it imports nothing of this package.
"""

import ast
import importlib
import importlib.abc
import importlib.machinery
import re
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SourceFileLoader = importlib.machinery.SourceFileLoader
_PACKAGE = re.compile(r"pulumi_aws\.\w+")
_ALL = re.compile(r"^__all__ = (\[[^\]]*\])", re.MULTILINE)
_HEAD = 4096  # characters, in which most modules have their list
_NAMES = "__lazy_names__"


def install() -> None:
    """Change how this process imports pulumi_aws. Called once, before the program runs."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not _PACKAGE.fullmatch(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin and spec.submodule_search_locations and type(spec.loader) is _SourceFileLoader:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


class _Loader(_SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        contents = _contents(Path(self.path))
        if contents is None:
            super().exec_module(module)
        else:
            _fill(module, *contents)


def _fill(
    module: types.ModuleType, names: Mapping[str, str], imports: Sequence[ast.stmt], modules: frozenset[str]
) -> None:
    """Make a package of what `_contents` returns."""
    package = module.__name__

    def get_attribute(name: str) -> Any:
        if name in names:
            value = getattr(importlib.import_module(f"{package}.{names[name]}"), name)
            module.__dict__[name] = value
            return value
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    public = sorted(name for name in {*names, *modules, "typing"} if not name.startswith("_"))
    module.__dict__.update({_NAMES: names, "__getattr__": get_attribute, "__all__": public})
    module.__dict__["__dir__"] = lambda: sorted({*module.__dict__, *names, *modules})
    exec(compile(ast.Module([*imports], []), package, "exec"), module.__dict__)  # noqa: S102 of the package
    module.__class__ = _Package


class _Package(types.ModuleType):
    """A package in which an imported module, such as `get_ami`, does not replace the function of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, types.ModuleType) and name in self.__dict__[_NAMES]):
            super().__setattr__(name, value)


def _contents(source: Path) -> tuple[Mapping[str, str], Sequence[ast.stmt], frozenset[str]] | None:
    """The module of each name of a package, its other imports, and its modules; None if it has more than imports."""
    names: dict[str, str] = {}
    imports: list[ast.stmt] = []
    for node in ast.parse(source.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module and node.names[0].name == "*":
            exported = _exported(source.with_name(f"{node.module}.py"))
            if exported is None:
                return None
            names.update(dict.fromkeys(exported, node.module))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and node.level == 1):  # `from . import outputs`
                imports.append(node)
        else:
            return None
    modules = frozenset(path.stem for path in source.parent.glob("*.py")) - {"__init__"}
    return names, imports, modules


def _exported(module: Path) -> Sequence[str] | None:
    """The names that a module lists; None if it has no list."""
    try:
        with module.open(encoding="utf-8") as file:
            head = file.read(_HEAD)
            found = _ALL.search(head) or _ALL.search(head + file.read())
    except OSError:
        return None
    return ast.literal_eval(found[1]) if found else None
