"""How long the README's first command takes on a machine that has Python and nothing else, until HTTPS answers.

    sudo python benchmarks/first_up.py [--suite trixie] [--root FOLDER]

Needs root, debootstrap (Debian, Ubuntu: apt-get install debootstrap) and git. Makes a fresh Debian of `python3` and
`ca-certificates` alone in FOLDER (kept for the next time; default: a folder that goes), and runs the last commit there
as an ordinary user, in a path with spaces, without Docker, PostgreSQL, Node.js, pip or a compiler:

cold      everything is downloaded
cached    the same again, with what pip, uv and npm keep: cold without the downloads
warm      after `./up down`, in a separate network with neither IPv6 nor internet access
again     once more, nothing changed

Goals: cached at most 90 s, warm at most 20 s. What this machine's network needs (names, certificates) is taken over.
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
# For networks with a custom mirror or certificate; everything else of this machine stays outside.
NETWORK = ("PIP_", "UV_", "NPM_CONFIG_", "SSL_CERT_", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
NETWORK_FILES = ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")

# Runs inside, as the user: the steps given, and the seconds of each until its page was there, as JSON.
INSIDE = """
import json, ssl, subprocess, sys, time, urllib.request

def up():
    began = time.monotonic()
    done = subprocess.run(["./up"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    url = next(word for word in done.stdout.split() if word.startswith("https://"))
    trust = ssl.create_default_context(cafile=done.stdout.rpartition("certificates with ")[2].strip().rstrip("."))
    with urllib.request.urlopen(url, context=trust) as answer:
        assert answer.status == 200
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

# The machine's devices, and processes of its own, for what is inside; with its end, all that it started ends.
ENTER = """
set -eu
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
if [ "$2" = alone ]; then
    ip link set lo up
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
fi
root=$1; shift 2
exec chroot --userspec=1000:1000 "$root" "$@"
"""


def make_root(folder: Path, suite: str) -> None:
    """A Debian of Python alone, with the last commit in a user's home."""
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
    """A command that must succeed; its output is shown when it does not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 our own words
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def times_of(root: Path, *steps: str, alone: bool = False) -> dict[str, str | float]:
    """Seconds of steps inside, in namespaces that end with them."""
    environment = {name: value for name, value in os.environ.items() if name.upper().startswith(NETWORK)}
    environment |= {"HOME": f"/home/{USER}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    own = ["--mount", "--pid", "--fork", "--kill-child", *(["--net"] if alone else [])]
    inside = ["sh", "-c", 'cd "$1" && shift && exec python3 "$@"', "sh", f"/{PROJECT}", "-c", INSIDE, *steps]
    command = ["unshare", *own, "sh", "-c", ENTER, "sh", str(root), "alone" if alone else "with others", *inside]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{', '.join(steps)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="trixie", help="Debian's release (default: trixie)")
    parser.add_argument("--root", type=Path, help="where to make that Debian, to use it again")
    arguments = parser.parse_args()
    if os.geteuid():
        sys.exit("This creates a separate Debian and enters it; run it as root.")
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or Path(folder, "root")
        make_root(root, arguments.suite)
        times = times_of(root, "cold", "cached") | times_of(root, "warm", "again", alone=True)
    print(f"{platform.platform()}, Debian {arguments.suite}, {os.cpu_count()} processors")
    for name, value in times.items():
        print(f"{name:<8} {value}{' s' if isinstance(value, float) else ''}")


if __name__ == "__main__":
    main()
