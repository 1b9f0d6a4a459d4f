"""Prints the versions of installed distributions as JSON. Like `probe.py`, the app's Python runs its source."""

import json
from importlib.metadata import distributions


def main() -> None:
    """Print them all; the names are normalized."""
    versions = {str(one.metadata["Name"]).lower().replace("_", "-"): one.version for one in distributions()}
    print(json.dumps(versions))


if __name__ == "__main__":
    main()
