"""Measures the build time of a build plan's image, as a ratio to that of a tutorial's Dockerfile for the same app.

    python benchmarks/build_time.py --prune [runs]

Needs a Docker engine, the base image python:3.13-slim and PyPI, and the environment of ./test. **Deletes the engine's
build cache** (`--prune` confirms that), because a cold build has none. The app has a dozen dependencies and one page.
Peer: the Dockerfile of Docker's guide for Python (https://docs.docker.com/guides/python/containerize/), reduced to the
steps that take time: pip installs the dependencies with a cache mount and a bind mount, then the code is copied.

cold    without any cache
same    built again without changes
code    one line of the code is changed
added   one dependency is added, for which a cache of downloads helps
"""

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 5  # odd, so that the median is one of them
PYTHON = "3.13"
REQUIREMENTS = "flask\ngunicorn\nsqlalchemy\nalembic\npsycopg[binary]\nflask-migrate\nwhitenoise\nboto3\n"
APP = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/up')\ndef up():\n    return 'up'\n"
TUTORIAL = f"""FROM python:{PYTHON}-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --uid 10001 appuser
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,source=requirements.txt,target=requirements.txt \\
    python -m pip install -r requirements.txt
USER appuser
COPY . .
EXPOSE 8000
CMD gunicorn --bind=0.0.0.0:$PORT app:app
"""


def run(*command: str, folder: Path) -> float:
    """Run a command and return its seconds; prints its output if it fails."""
    began = time.perf_counter()
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 fixed arguments
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return time.perf_counter() - began


def with_plan(folder: Path) -> float:
    """Build the plan's image."""
    tool = str(Path(sys.executable).parent / "flask-on-aws")
    return run(tool, "build", ".", "--tag", "flask-on-aws-benchmark:plan", folder=folder)


def with_tutorial(folder: Path) -> float:
    """Build the tutorial's image."""
    command = ("docker", "build", "--tag", "flask-on-aws-benchmark:tutorial", "--file", "../Dockerfile.tutorial", ".")
    return run(*command, folder=folder)


def stages(folder: Path, build: Callable[[Path], float], number: int) -> dict[str, float]:
    """The seconds of all four builds with one of the functions above."""
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "app.py").write_text(f"# {build.__name__} {number}\n{APP}")
    run("docker", "builder", "prune", "--all", "--force", folder=folder)
    seconds = {"cold": build(folder), "same": build(folder)}
    (folder / "app.py").write_text(f"# {build.__name__} {number} changed\n{APP}")
    seconds["code"] = build(folder)
    (folder / "requirements.txt").write_text(REQUIREMENTS + "humanize\n")
    return {**seconds, "added": build(folder)}


def main() -> None:
    """Print the medians and their ratios."""
    arguments = sys.argv[1:]
    if "--prune" not in arguments:
        raise SystemExit("This deletes the Docker engine's build cache; pass --prune to confirm.")
    runs = int(next((argument for argument in arguments if argument.isdecimal()), RUNS))
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app"
        app.mkdir()
        (Path(folder) / "Dockerfile.tutorial").write_text(TUTORIAL)
        (app / ".python-version").write_text(f"{PYTHON}\n")
        (app / "Procfile").write_text("web: gunicorn --bind=0.0.0.0:$PORT app:app\n")
        pairs = [(stages(app, with_plan, number), stages(app, with_tutorial, number)) for number in range(runs)]
    print(f"{platform.platform()}, {runs} pairs")
    for stage in pairs[0][0]:
        plan, tutorial = (statistics.median(pair[side][stage] for pair in pairs) for side in (0, 1))
        ratio = statistics.median(pair[0][stage] / pair[1][stage] for pair in pairs)
        print(f"{stage:<6} plan {plan:6.1f} s   tutorial {tutorial:6.1f} s   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
