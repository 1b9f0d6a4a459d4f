"""Connects to DATABASE_URL with the driver that the app has; like `probe.py`, its text runs by the app's Python.

Prints the driver's name, or nothing where the app has none that is known, and ends with 1 and the error where it fails.
"""

import importlib
import os
import re
import sys

_DRIVERS = ("psycopg", "psycopg2")  # in the order in which SQLAlchemy's users meet them today; both take libpq's URL


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
