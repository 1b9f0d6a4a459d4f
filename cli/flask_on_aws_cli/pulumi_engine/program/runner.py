"""Runs a Pulumi program. This file is started by the program's own interpreter, which has pulumi but nothing of ours.

Its one argument is JSON: the monitor's and engine's address, the engine's process id, project, stack, organization,
root, program, dry run and how many operations may run at once.
"""

import asyncio
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

# As Pulumi's own: four threads for each operation, since each waits for an answer in one.
_THREADS_FOR_EACH = 4
# How long a program may outlive an engine that was killed: it would wait for its answers for ever.
_ORPHAN_SECONDS = 1.0


def main(given: dict[str, Any]) -> int:
    """Run the program to its end; 1 if it failed, after its error was sent to the engine."""
    threading.Thread(target=_end_with, args=[given["process"]], daemon=True).start()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=given["monitor"],
            engine=given["engine"],
            project=given["project"],
            stack=given["stack"],
            organization=given["organization"],
            root_directory=given["root"],
            parallel=given["parallel"],
            dry_run=given["dry_run"],
        )
    )
    program = Path(given["program"])
    os.chdir(program if program.is_dir() else program.parent)
    sys.argv = [str(program)]
    # A failed program leaves futures behind that nobody awaits; asyncio would complain of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=given["parallel"] * _THREADS_FOR_EACH) as executor:
        loop.set_default_executor(executor)
        return _run(loop, program)


def _end_with(engine: int) -> None:
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
        pulumi.log.error(f"The program failed:\n{_users_part(error, program)}")
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _users_part(error: Exception, program: Path) -> str:
    """The traceback from the program's own first line on."""
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if Path(frame.filename).is_relative_to(program):
            return "".join(traceback.format_exception(error, limit=index - len(frames)))
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
