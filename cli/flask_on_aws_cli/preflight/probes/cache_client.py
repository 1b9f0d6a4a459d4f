"""Connects to REDIS_URL with the app's client library. Like `probe.py`, the app's Python runs its source.

Prints the library's name, or nothing if the app has no supported library; exits with 1 and the error on failure.
"""

import importlib
import os
import sys

_LIBRARIES = ("redis", "valkey")  # valkey is a fork of redis with the same interface


def main() -> None:
    """Connect once."""
    for name in _LIBRARIES:
        try:
            library = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:
                continue
            raise
        print(name)
        try:
            library.from_url(os.environ["REDIS_URL"], socket_connect_timeout=10).ping()
        except Exception as error:  # each library has its own, and a wrong CA is OpenSSL's
            sys.exit(f"{name}: {type(error).__name__}: {error}")
        return


if __name__ == "__main__":
    main()
