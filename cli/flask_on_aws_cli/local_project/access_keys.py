"""The access key of a place: generated when it is first needed, and readable by the place's owner alone.

Whoever calls the endpoint can have programs run. A port of loopback is open to every user of the machine and to every
page in a browser, so the owner of this key, and nobody else, may call.
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
"""In the place's folder, in the form of AWS's shared credentials file."""
_PROFILE, _ID, _SECRET = "default", "aws_access_key_id", "aws_secret_access_key"
# As AWS's: an id of 20 characters of which the first four say the kind (AKIA: of long duration), a secret of 40.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_PREFIX, _ID_BYTES, _SECRET_BYTES = "AKIA", 10, 30
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


class AccessKeyError(Exception):
    """A key that cannot be used, as a sentence."""


class AccessKey(NamedTuple):
    """What a client signs its requests with."""

    id: str
    secret: str


def access_key(folder: Path) -> AccessKey:
    """The key of a place's folder, generated when it is absent.

    The folder and the file are made, or made again, accessible to their owner alone.

    Raises:
        AccessKeyError: if the file is damaged, or somebody else's.
    """
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    file = folder / FILE
    try:
        if not file.exists():
            _create(file)
        _keep_private(folder, _PRIVATE_FOLDER)
        _keep_private(file, _PRIVATE_FILE)
        return _read(file)
    except (configparser.Error, KeyError, UnicodeDecodeError) as damage:
        raise AccessKeyError(
            f"The access key in {file} cannot be read ({damage}); delete the file, and a new one is generated."
        ) from damage
    except PermissionError as refusal:
        raise AccessKeyError(
            f"{file} must be yours and readable by you alone ({refusal.strerror}); use the account that made it."
        ) from refusal


def _read(file: Path) -> AccessKey:
    parser = configparser.RawConfigParser()
    parser.read_string(file.read_text(encoding="ascii"))
    return AccessKey(parser[_PROFILE][_ID], parser[_PROFILE][_SECRET])


def _create(file: Path) -> None:
    """Write a new key, whole or not at all; of several processes that do so at once the first one's counts."""
    identifier = _PREFIX + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
    text = f"[{_PROFILE}]\n{_ID} = {identifier}\n{_SECRET} = {secrets.token_urlsafe(_SECRET_BYTES)}\n"
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        os.unlink(temporary)


def _keep_private(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
