"""Connects to DATABASE_URL with the app's database driver. Like `probe.py`, the app's Python runs its source.

Prints the driver's name, or nothing if the app has no supported driver; exits with 1 and the error on failure.
"""

import importlib
import os
import re
import sys

_DRIVERS = ("psycopg", "psycopg2")  # the newer one first; both accept libpq's URL


def main() -> None:
    """Connect once."""
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", os.environ["DATABASE_URL"])
    for name in _DRIVERS:
        try:
            driver = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:
                continue
            raise
        print(name)
        try:
            driver.connect(url, connect_timeout=10).close()
        except driver.OperationalError as error:
            sys.exit(f"{name}.OperationalError: {error}")
        return


if __name__ == "__main__":
    main()
