"""Runs a Pulumi program, in the program's own interpreter, which has pulumi but not this package.

Its one argument is a JSON object: the addresses of the monitor and the engine, the engine's process id, project, stack,
organization, root, program, dry run, how many operations may run in parallel, and whether outputs without a value are
references.
"""

import asyncio
import gc
import json
import logging
import os
import runpy
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi.runtime

# As in Pulumi's language host: four threads for each operation, since each call that waits for a response occupies one.
_THREADS_FOR_EACH = 4
# How long a program may outlive a killed engine, whose responses it would otherwise wait for forever.
_ORPHAN_SECONDS = 1.0
# Classes of pulumi_aws stay: with the default of 700, searching them for garbage is a fifth of their import.
_GARBAGE_THRESHOLD = 100_000


def main(settings: dict[str, Any]) -> int:
    """Run the program to completion; returns 1 if it failed, after its error was sent to the engine."""
    threading.Thread(target=_exit_with, args=[settings["process"]], daemon=True).start()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=settings["monitor"],
            engine=settings["engine"],
            project=settings["project"],
            stack=settings["stack"],
            organization=settings["organization"],
            root_directory=settings["root"],
            parallel=settings["parallel"],
            dry_run=settings["dry_run"],
        )
    )
    if settings["references"]:
        # This folder is not on the import path, where its modules would hide the program's.
        gc.set_threshold(_GARBAGE_THRESHOLD)
        for name in ("references.py", "lazy_packages.py"):
            runpy.run_path(str(Path(__file__).with_name(name)))["install"]()
    program = Path(settings["program"])
    os.chdir(program if program.is_dir() else program.parent)
    sys.argv = [str(program)]
    # A failed program leaves futures that nothing awaits; asyncio would log each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=settings["parallel"] * _THREADS_FOR_EACH) as executor:
        loop.set_default_executor(executor)
        return _run(loop, program)


def _exit_with(engine: int) -> None:
    while os.getppid() == engine:
        time.sleep(_ORPHAN_SECONDS)
    os._exit(1)


def _run(loop: asyncio.AbstractEventLoop, program: Path) -> int:
    def body() -> None:
        runpy.run_path(str(program), run_name="__main__")

    run_in_stack = cast(Any, pulumi.runtime).run_in_stack  # its annotations are partial
    try:
        loop.run_until_complete(run_in_stack(body))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception as error:
        pulumi.log.error(f"The program failed:\n{_program_traceback(error, program)}")
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _program_traceback(error: Exception, program: Path) -> str:
    """The traceback from the first frame of the program on."""
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if Path(frame.filename).is_relative_to(program):
            return "".join(traceback.format_exception(error, limit=index - len(frames)))
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
