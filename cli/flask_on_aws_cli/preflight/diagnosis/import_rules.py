"""Rules for what is missing from an app or cannot be imported. Pure functions."""

import re
from collections.abc import Mapping

from flask_on_aws.runtime_contract.programs import missing_package

from ..check import Cause, Finding
from ..output import Output, search

# Import name → distribution, where they differ.
_DISTRIBUTIONS = {
    "PIL": "Pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dotenv": "python-dotenv",
    "jwt": "PyJWT",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def not_installed(output: Output) -> Finding | None:
    """A module or system library that is not installed."""
    library = search(
        output,
        r"(?P<name>lib[\w.+-]+\.so[\w.]*): cannot open shared object file",
        r"(?P<name>libpq) library not found",
        r"no pq wrapper available",
    )
    if library:
        name = library[0].groupdict().get("name") or "libpq"
        return Finding(
            Cause.NOT_INSTALLED,
            f"the system library {name} is not installed",
            "add its Debian package to the setting systemPackages, or use a Python package that includes it, such as "
            "psycopg[binary]",
            library[1],
        )
    if program := _missing_program(output):
        return program
    match = search(output, r"ModuleNotFoundError: No module named '(?P<name>[^']+)'")
    if not match:
        return None
    module = match[0]["name"]
    package = module.partition(".")[0]
    if package in _modules_of(output.command):
        return Finding(
            Cause.IMPORT_ERROR,
            f"the start command's module {module} does not exist",
            "correct the module in the start command: FILE:VARIABLE, without .py, from the app's folder",
            match[1],
        )
    return Finding(
        Cause.NOT_INSTALLED,
        f"the module {module} is not installed",
        f"add {_DISTRIBUTIONS.get(package, package.replace('_', '-'))} to the dependencies, or correct the import",
        match[1],
    )


def _missing_program(output: Output) -> Finding | None:
    """A program of a Debian package that the app runs, such as ffmpeg."""
    match = search(output, r"FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<name>[\w.+-]+)'")
    kind, package = missing_package(match[0]["name"]) if match else ("", "")
    if not match or kind != "system_packages":
        return None
    sentence = f"the program {match[0]['name']} is not installed"
    return Finding(Cause.NOT_INSTALLED, sentence, f"add {package} to the setting systemPackages", match[1])


def _modules_of(command: str) -> set[str]:
    """Top-level names of the modules in a start command: MODULE:VARIABLE, `--app MODULE` or `-m MODULE`."""
    modules = re.findall(r"(?:^|[\s'\"=])([A-Za-z_][\w.]*):[A-Za-z_]\w*", command)
    modules += re.findall(r"(?:--app|-A|-m)[ =]([A-Za-z_][\w.]*)", command)
    return {module.partition(".")[0] for module in modules}


def import_error(output: Output) -> Finding | None:
    """An app that cannot be imported."""
    match = search(
        output,
        r"(?P<error>ImportError: .+)",
        r"(?P<error>SyntaxError: .+)",
        r"(?P<error>IndentationError: .+)",
        r"(?P<error>Failed to find attribute '[^']*' in '[^']*')",
        r"(?P<error>Failed to find Flask application or factory in module .+)",
        r"(?P<error>Could not import '[^']+')",
        r"(?P<error>AttributeError: (partially initialized )?module .+)",
    )
    if not match:
        match = _raised_at_import(output)
    if not match:
        return None
    return Finding(
        Cause.IMPORT_ERROR,
        f"the app cannot be imported: {match[0]['error'].rstrip('.')}",
        "try it in the app's folder: python -c 'import MODULE'",
        match[1],
    )


def _raised_at_import(output: Output) -> tuple[re.Match[str], tuple[str, ...]] | None:
    """Any other error in a traceback that passes through an import."""
    imports = [n for n, line in enumerate(output.lines) if "_call_with_frames_removed" in line or "<module>" in line]
    error = search(output, r"^(?P<error>[A-Za-z_][\w.]*(Error|Exception)\b.*)")
    server = any("import_module" in line or "util.import_app" in line for line in output.lines)
    return error if error and imports and server else None


def command(output: Output) -> Finding | None:
    """A start command that does not exist."""
    match = search(
        output,
        r"(?P<name>[\w./+-]+): (command )?not found$",
        r"can't open file '(?P<name>[^']+)': \[Errno 2\]",
        r'exec: "(?P<name>[^"]+)": .*(not found|no such file)',
        r"No module named (?P<name>[\w.]+)$",  # of `python -m`
        r"(?P<name>[\w./+-]+): No such file or directory$",
    )
    if not match and output.exit_code not in (_NOT_FOUND, _NOT_EXECUTABLE):
        return None
    if match and output.exit_code == 0:
        return None
    name = match[0]["name"] if match else output.command
    return Finding(
        Cause.START_COMMAND_NOT_FOUND,
        f"the start command's {name} does not exist",
        f"{_addition(name.rpartition('/')[2], output.context.packages)}correct the start command",
        match[1] if match else output.last(),
    )


def _addition(program: str, installed: Mapping[str, str]) -> str:
    """The advice to add the package of a program, unless that is installed and yet the program is not found."""
    kind, package = missing_package(program)
    name = package.partition("[")[0].lower()
    if kind == "dependencies" and "[" not in package and name in {other.lower() for other in installed}:
        return ""
    where = "the setting systemPackages" if kind == "system_packages" else "the dependencies"
    name_of_package = f" ({package})" if package else ""
    return f"add the package that provides {program} to {where}{name_of_package}, or "
