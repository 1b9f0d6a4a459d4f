"""Makes an environment for Python packages, with pip in it: `python make_environment.py FOLDER`; for ./up and ./test.

`python -m venv` does so where Python is whole. Debian and Ubuntu keep pip's part of it (`ensurepip`) in a package that
a fresh machine lacks; there pip's own wheel installs pip, from the index's address and checked by its hash.
"""

import hashlib
import sys
import tempfile
import urllib.request
import venv
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError, run

PIP = "https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/pip-26.3-py3-none-any.whl"
SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
SECONDS = 60  # for 2 MB: a network that takes longer will not bring the hundred of the packages


def main(folder: Path) -> None:
    """Make the environment in `folder`; what was there is replaced."""
    whole = find_spec("ensurepip") is not None
    venv.create(folder, clear=True, symlinks=True, with_pip=whole)
    if whole:
        return
    try:
        with urllib.request.urlopen(PIP, timeout=SECONDS) as answer:
            wheel = answer.read()
        if hashlib.sha256(wheel).hexdigest() != SHA256:
            sys.exit(f"what {PIP} gave is not that wheel; install python3-venv instead, and try again")
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary, PIP.rpartition("/")[2])
            file.write_bytes(wheel)
            program = [sys.executable, str(file / "pip"), "--python", str(folder / "bin" / "python")]
            run([*program, "install", "--quiet", "--no-index", str(file)], check=True)  # noqa: S603 what was checked
    except (OSError, CalledProcessError) as error:
        sys.exit(
            f"this Python has no pip for environments, and {PIP} cannot be had ({error}); install it, "
            "for example with: apt-get install python3-venv ca-certificates"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
