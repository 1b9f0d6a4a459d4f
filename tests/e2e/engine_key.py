"""The one access key of the engine's tests: many projects, one after another, use one local AWS."""

from pathlib import Path

from flask_on_aws_cli.local_project.access_keys import FILE

RESET = "/.local/reset"
"""POST forgets all records."""


def keep_key(folder: Path) -> None:
    """Have a place use that key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text("[default]\naws_access_key_id = AKIATESTTESTTESTTEST\naws_secret_access_key = of these tests\n")
    file.chmod(0o600)
