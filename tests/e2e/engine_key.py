"""The access key of the in-process engine's tests, whose projects use the same local AWS one after another."""

from pathlib import Path

from flask_on_aws_cli.local_project.access_keys import FILE

RESET = "/.local/reset"
"""Path to which a POST request deletes all records."""


def keep_key(folder: Path) -> None:
    """Write the key into the folder of a local AWS."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text("[default]\naws_access_key_id = AKIATESTTESTTESTTEST\naws_secret_access_key = of these tests\n")
    file.chmod(0o600)
