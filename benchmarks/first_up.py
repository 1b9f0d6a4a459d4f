"""Measures the README's first command on a machine with only Python, until the app responds over HTTPS.

    sudo python benchmarks/first_up.py [--suite trixie] [--root FOLDER]

Needs root, debootstrap (Debian, Ubuntu: apt-get install debootstrap) and git. Installs Debian with only `python3`
and `ca-certificates` in FOLDER, which is kept (default: a temporary folder), and runs the last commit there as an
ordinary user, in a path with spaces, without Docker, PostgreSQL, Node.js, pip or a compiler:

cold      everything is downloaded
cached    repeated with the caches of pip, uv and npm, so without the downloads
warm      after `./up down`, in a separate network with neither IPv6 nor internet access
again     repeated without changes

Goals: cached at most 90 s, warm at most 20 s. This machine's network configuration (names, certificates) is copied.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = "python3,ca-certificates"  # the second for HTTPS to the package registries
USER, USER_ID = "visitor", 1000
PROJECT = f"home/{USER}/my first shop"
# Variables for networks with a mirror or custom certificates; no others of this machine are copied.
NETWORK = ("PIP_", "UV_", "NPM_CONFIG_", "SSL_CERT_", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
NETWORK_FILES = ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")

# Runs in the new Debian as the user: prints the seconds of each step until the page responds, as JSON.
INSIDE = """
import json, ssl, subprocess, sys, time, urllib.request

def up():
    began = time.monotonic()
    result = subprocess.run(["./up"], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stdout + result.stderr)
    url = next(word for word in result.stdout.split() if word.startswith("https://"))
    trust = ssl.create_default_context(cafile=result.stdout.rpartition("certificates with ")[2].strip().rstrip("."))
    with urllib.request.urlopen(url, context=trust) as response:
        assert response.status == 200
    return round(time.monotonic() - began, 1)

def run(*command):
    subprocess.run(command, check=True, capture_output=True)

times = {}
for step in sys.argv[1:]:
    if step == "cached":
        run("./up", "destroy")
        run("rm", "-rf", ".local-env", ".local-aws")
    times[step] = up()
    if step == "warm":
        memory = subprocess.run(["./up", "status"], capture_output=True, text=True, check=True).stdout
        times["memory"] = next(line.split(None, 1)[1] for line in memory.splitlines() if line.startswith("memory"))
    if step == sys.argv[-1]:
        run("./up", "down")
print(json.dumps(times))
"""

# Enters the new Debian with this machine's devices and a separate PID namespace, whose processes end with it.
ENTER = """
set -eu
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
if [ "$2" = offline ]; then
    ip link set lo up
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
fi
root=$1; shift 2
exec chroot --userspec=1000:1000 "$root" "$@"
"""


def make_root(folder: Path, suite: str) -> None:
    """Install Debian with only Python, and the last commit in a user's home folder."""
    if not (folder / "usr/bin/python3").exists():
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(folder))
        run("chroot", str(folder), "useradd", "--create-home", "--uid", str(USER_ID), USER)
    for name in NETWORK_FILES:
        if (file := Path("/", name)).exists():
            shutil.copy(file, folder / name)
    home = folder / "home" / USER
    shutil.rmtree(home)
    project = folder / PROJECT
    project.mkdir(parents=True)
    archive = folder / "commit.tar"
    run("git", "-C", str(ROOT), "archive", f"--output={archive}", "HEAD")
    run("tar", "-x", "-f", str(archive), "-C", str(project))
    run("chown", "-R", f"{USER_ID}:{USER_ID}", str(home))


def run(*command: str) -> None:
    """Run a command; prints its output and exits if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 fixed arguments
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")


def times_of(root: Path, *steps: str, offline: bool = False) -> dict[str, str | float]:
    """The seconds of steps in the new Debian, in namespaces that end with them."""
    environment = {name: value for name, value in os.environ.items() if name.upper().startswith(NETWORK)}
    environment |= {"HOME": f"/home/{USER}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    namespaces = ["--mount", "--pid", "--fork", "--kill-child", *(["--net"] if offline else [])]
    inside = ["sh", "-c", 'cd "$1" && shift && exec python3 "$@"', "sh", f"/{PROJECT}", "-c", INSIDE, *steps]
    command = ["unshare", *namespaces, "sh", "-c", ENTER, "sh", str(root), "offline" if offline else "online", *inside]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise SystemExit(f"{', '.join(steps)} failed:\n{result.stdout}{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="trixie", help="Debian's release (default: trixie)")
    parser.add_argument("--root", type=Path, help="folder for the Debian installation, to use it again")
    arguments = parser.parse_args()
    if os.geteuid():
        sys.exit("This creates a separate Debian and enters it; run it as root.")
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or Path(folder, "root")
        make_root(root, arguments.suite)
        times = times_of(root, "cold", "cached") | times_of(root, "warm", "again", offline=True)
    print(f"{platform.platform()}, Debian {arguments.suite}, {os.cpu_count()} processors")
    for name, value in times.items():
        print(f"{name:<8} {value}{' s' if isinstance(value, float) else ''}")


if __name__ == "__main__":
    main()
