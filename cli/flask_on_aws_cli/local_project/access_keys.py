"""The access key of a project's local AWS, generated on first use and readable only by its owner.

Calls of the endpoint can start programs, and every user of the machine and every page in a browser can connect to a
loopback port. Therefore the endpoint only accepts calls that are signed with this key or one that it issued.
"""

import base64
import configparser
import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import NamedTuple

FILE = "credentials"
"""Name of the file in the local AWS's folder; its format is that of AWS's shared credentials file."""
_PROFILE, _ID, _SECRET = "default", "aws_access_key_id", "aws_secret_access_key"
# As on AWS: an id of 20 characters that starts with its type (AKIA: a long-term key), and a secret of 40 characters.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_PREFIX, _ID_BYTES, _SECRET_BYTES = "AKIA", 10, 30
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


class AccessKeyError(Exception):
    """An access key that cannot be used; the message is a sentence with the fix."""


class AccessKey(NamedTuple):
    """An access key, with which clients sign their requests."""

    id: str
    secret: str


def access_key(folder: Path) -> AccessKey:
    """The access key in a local AWS's folder, generated if there is none.

    Only the owner can access the folder and the file; their permissions are corrected if necessary.

    Raises:
        AccessKeyError: if the file is damaged or belongs to another user.
    """
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    file = folder / FILE
    try:
        if not file.exists():
            _create(file)
        _keep_private(folder, _PRIVATE_FOLDER)
        _keep_private(file, _PRIVATE_FILE)
        return _read(file)
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise AccessKeyError(
            f"The access key in {file} cannot be read ({error}); delete the file to have a new key generated."
        ) from error
    except PermissionError as error:
        raise AccessKeyError(
            f"{file} does not belong to you ({error.strerror}); run the command as the user who created it."
        ) from error


def _read(file: Path) -> AccessKey:
    parser = configparser.RawConfigParser()
    parser.read_string(file.read_text(encoding="ascii"))
    return AccessKey(parser[_PROFILE][_ID], parser[_PROFILE][_SECRET])


def _create(file: Path) -> None:
    """Create the file with a new key atomically; if several processes do so at once, the first one wins."""
    identifier = _PREFIX + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
    text = f"[{_PROFILE}]\n{_ID} = {identifier}\n{_SECRET} = {secrets.token_urlsafe(_SECRET_BYTES)}\n"
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # created with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        os.unlink(temporary)


def _keep_private(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
