"""What of an app was not there or could not be imported: pure."""

import re

from ..check import Cause, Finding
from ..output import Output, search

# Packages whose import has another name; the others are called alike.
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
    """A module or system library that is not there."""
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
            "name its Debian package in the setting systemPackages, or use a package that brings it, such as "
            "psycopg[binary]",
            library[1],
        )
    found = search(output, r"ModuleNotFoundError: No module named '(?P<name>[^']+)'")
    if not found:
        return None
    module = found[0]["name"]
    package = module.partition(".")[0]
    if package in _modules_of(output.command):
        return Finding(
            Cause.IMPORT_ERROR,
            f"there is no module {module}, which the start command names",
            "correct the module in the start command: FILE:VARIABLE, without .py, from the app's folder",
            found[1],
        )
    return Finding(
        Cause.NOT_INSTALLED,
        f"the module {module} is not installed",
        f"add {_DISTRIBUTIONS.get(package, package.replace('_', '-'))} to the dependencies, or correct the import",
        found[1],
    )


def _modules_of(command: str) -> set[str]:
    """First parts of what a start command names as MODULE:VARIABLE, `--app MODULE` or `-m MODULE`."""
    named = re.findall(r"(?:^|[\s'\"=])([A-Za-z_][\w.]*):[A-Za-z_]\w*", command)
    named += re.findall(r"(?:--app|-A|-m)[ =]([A-Za-z_][\w.]*)", command)
    return {name.partition(".")[0] for name in named}


def import_error(output: Output) -> Finding | None:
    """An app that cannot be imported."""
    found = search(
        output,
        r"(?P<error>ImportError: .+)",
        r"(?P<error>SyntaxError: .+)",
        r"(?P<error>IndentationError: .+)",
        r"(?P<error>Failed to find attribute '[^']*' in '[^']*')",
        r"(?P<error>Failed to find Flask application or factory in module .+)",
        r"(?P<error>Could not import '[^']+')",
        r"(?P<error>AttributeError: (partially initialized )?module .+)",
    )
    if not found:
        found = _raised_at_import(output)
    if not found:
        return None
    return Finding(
        Cause.IMPORT_ERROR,
        f"the app cannot be imported: {found[0]['error'].rstrip('.')}",
        "try it in the app's folder: python -c 'import MODULE'",
        found[1],
    )


def _raised_at_import(output: Output) -> tuple[re.Match[str], tuple[str, ...]] | None:
    """An error of another kind in a traceback that goes through an import."""
    imports = [n for n, line in enumerate(output.lines) if "_call_with_frames_removed" in line or "<module>" in line]
    error = search(output, r"^(?P<error>[A-Za-z_][\w.]*(Error|Exception)\b.*)")
    server = any("import_module" in line or "util.import_app" in line for line in output.lines)
    return error if error and imports and server else None


def command(output: Output) -> Finding | None:
    """A start command that is not there."""
    found = search(
        output,
        r"(?P<name>[\w./+-]+): (command )?not found$",
        r"can't open file '(?P<name>[^']+)': \[Errno 2\]",
        r'exec: "(?P<name>[^"]+)": .*(not found|no such file)',
        r"No module named (?P<name>[\w.]+)$",  # of `python -m`
        r"(?P<name>[\w./+-]+): No such file or directory$",
    )
    if not found and output.exit_code not in (_NOT_FOUND, _NOT_EXECUTABLE):
        return None
    if found and output.exit_code == 0:
        return None
    name = found[0]["name"] if found else output.command
    return Finding(
        Cause.START_COMMAND_NOT_FOUND,
        f"the start command's {name} is not there",
        f"add the package that brings {name.rpartition('/')[2]} to the dependencies, or correct the start command",
        found[1] if found else output.last(),
    )
