"""A folder of links to the programs of this machine that an image has too, in place of this machine's PATH.

An app that needs any other program of the machine, such as a server that is installed system-wide, would work here and
fail on AWS. A program that is named by its absolute path is found nevertheless: only a container hides those.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from flask_on_aws.runtime_contract.programs import programs_of

from .image_programs import SLIM, closure

# Searched before PATH, which may have a shim or a wrapper in place of a program of the system.
_SYSTEM = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_ALTERNATIVES = "/etc/alternatives/"


def machine_path() -> str:
    """The PATH of this process."""
    return os.environ.get("PATH", os.defpath)


def link_programs(folder: Path, packages: Collection[str] = (), programs: Collection[str] = ()) -> Path:
    """Fill a folder with links to programs of this machine; it may exist. A program that is not here has no link.

    Args:
        folder: the folder, which becomes part of a PATH.
        packages: Debian packages that the image has in addition to those of Python's slim image.
        programs: names of further programs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: path for name in SLIM if (path := _find(name, _SYSTEM))}
    paths |= {name: path for package in packages for name in programs_of(package) if (path := _find(name))}
    paths |= _of_debian_packages(packages)
    paths |= {name: path for name in programs if (path := _find(name))}
    for name, path in paths.items():
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(path)
    return folder


def _find(name: str, first: Collection[str] = ()) -> str | None:
    path = shutil.which(name, path=os.pathsep.join((*first, machine_path())))
    return os.path.abspath(path) if path else None


def node_folders() -> tuple[str, ...]:
    """Where this machine's Node may be, first where Node itself is, then where PATH has it.

    A version manager's shim works only with that manager's variables and files. Node itself may have no npm next to it,
    where npm was installed apart from it.
    """
    node = _find("node")
    if node is None:
        return ()
    command = [node, "-p", "process.execPath"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 the machine's Node
    path = result.stdout.strip()
    return tuple(dict.fromkeys(os.path.dirname(file) for file in (path, node) if os.path.isabs(file)))


def _of_debian_packages(packages: Collection[str]) -> Mapping[str, str]:
    """The programs of Debian packages that are installed here, and of those that they depend on."""
    query = shutil.which("dpkg-query")
    if not packages or query is None:
        return {}
    fields = "${Package}\\t${Provides}\\t${Pre-Depends}, ${Depends}\\n"
    listed = [line.split("\t") for line in _lines([query, "--show", f"--showformat={fields}"])]
    depends = dict[str, set[str]]()
    for package, provides, needs in listed:
        depends.setdefault(package, set()).update(_names(needs))
        for virtual in _names(provides):
            depends.setdefault(virtual, set()).add(package)
    installed = {package for package, _, _ in listed}
    reached = sorted(closure(packages, depends) & installed)
    if not reached:
        return {}
    return dict(_programs_among(_lines([query, "--listfiles", *reached])))


def _programs_among(files: Collection[str]) -> Iterator[tuple[str, str]]:
    """The programs among the files of packages, and the links of Debian's alternatives to them."""
    for path in files:
        if os.path.dirname(path) in _SYSTEM and os.path.isfile(path):
            yield os.path.basename(path), path
    owned = {*files, *(f"/usr{path}" for path in files)}  # packages name /bin, which is a link to /usr/bin
    for folder in _SYSTEM:
        for entry in os.scandir(folder):
            is_alternative = entry.is_symlink() and os.readlink(entry.path).startswith(_ALTERNATIVES)
            if is_alternative and os.path.realpath(entry.path) in owned:
                yield entry.name, entry.path


def _names(dependencies: str) -> list[str]:
    """The names in `a (>= 1), b | c:any`, with every alternative."""
    words = dependencies.replace("|", ",").split(",")
    return [name for word in words if (name := word.partition("(")[0].partition(":")[0].strip())]


def _lines(command: list[str]) -> list[str]:
    """The lines that a command prints; it fails for packages that are not installed, and lists the others."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 dpkg's own
    return result.stdout.splitlines()
