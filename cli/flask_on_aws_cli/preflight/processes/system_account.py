"""Whose processes a tried app's are: where this tool is root's, nobody's, since on AWS the app is not root either."""

import functools
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence

# Files of root's home, where its Python may be, can still be read; nothing of others can be written.
_READS = "dac_read_search"


@functools.cache
def unprivileged_prefix() -> Sequence[str] | None:
    """Words before a command that take root away from it: none where nobody is root, None where that cannot be done."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if not sys.platform.startswith("linux") or setpriv is None:
        return None
    # A container's root may lack the right that it would pass on; then Python has to be where everybody can read it.
    for capabilities in (f"-all,+{_READS}", "-all"):
        prefix = _prefix(setpriv, capabilities)
        tried = subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True, check=False)  # noqa: S603 ours
        if not tried.returncode:
            return prefix
    return None


def _prefix(setpriv: str, capabilities: str) -> Sequence[str]:
    nobody = pwd.getpwnam("nobody")
    return (
        setpriv,
        *(f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--no-new-privs"),
        *(f"--bounding-set={capabilities}", f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"),
    )


def give_scratch(path: str) -> None:
    """Let the tried app's user write in a folder."""
    if os.geteuid() == 0 and unprivileged_prefix():
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
