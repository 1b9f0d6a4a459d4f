"""The account that an app under test runs as: if this tool runs as root, nobody, since on AWS the app is not root."""

import functools
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence

# Allows reading root's home, where the Python interpreter may be; it does not allow writing to others' files.
_READS = "dac_read_search"


@functools.cache
def unprivileged_prefix() -> Sequence[str] | None:
    """A command prefix that drops root privileges: empty if this process has none, None if they cannot be dropped."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if not sys.platform.startswith("linux") or setpriv is None:
        return None
    # A container's root may lack this capability; then Python must be where every user can read it.
    for capabilities in (f"-all,+{_READS}", "-all"):
        prefix = _prefix(setpriv, capabilities)
        command = [*prefix, sys.executable, "-c", ""]
        trial = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 no input of the user
        if not trial.returncode:
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
    """Allow the app's user to write to a folder."""
    if os.geteuid() == 0 and unprivileged_prefix():
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
