"""The report of a review as its job left it: data of a program that nobody may have reviewed yet."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from .errors import CommentError

COMMENT, JSON = "comment.md", "report.json"
"""The files of a report: for people, and for this command."""
LIMIT = 8_000_000  # bytes of a file; the report of 50 services has 300,000
_VERSION = 1  # of the JSON, docs/review.md
# Only these values of `consent` need no consent; one that is not known here needs it.
_FREE = frozenset({"given", "not-needed", "not-guarded"})
_IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Report:
    """What a comment and a commit status need of a review."""

    text: str
    """Markdown."""
    missing: Sequence[str] = ()
    """Logical names of the resources whose data is lost without consent."""
    impossible: Sequence[str] = ()
    """Logical names of the resources whose change cannot work."""

    @property
    def has_changes(self) -> bool:
        """Whether it has more than a verdict: a table or a list."""
        return re.search(r"^(\||- )", self.text, re.MULTILINE) is not None


def read_folder(folder: Path) -> Report:
    """The report in a folder.

    Raises:
        CommentError: if it is not there or not a report.
    """
    try:
        with (folder / COMMENT).open("rb") as comment, (folder / JSON).open("rb") as document:
            return _report(comment, document)
    except OSError as error:
        raise CommentError(f"{error.filename} cannot be read: {error.strerror}.") from error


def read_zip(content: bytes) -> Report:
    """The report in a ZIP archive.

    Raises:
        CommentError: if it is not one.
    """
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            archive.open(COMMENT) as comment,
            archive.open(JSON) as document,
        ):
            return _report(comment, document)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise CommentError(f"The artifact of the review is not a ZIP archive with {COMMENT} and {JSON}.") from error


def _report(comment: IO[bytes], document: IO[bytes]) -> Report:
    text = _limited(comment, COMMENT).decode(errors="replace")
    try:
        value = json.loads(_limited(document, JSON))
        losses = _losses(value)
        consents = [(str(loss["resource"]), str(loss["consent"])) for loss in losses]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise CommentError(f"{JSON} is not a report of `flask-on-aws review --format json`.") from error
    missing = [name for name, consent in consents if consent not in _FREE and consent != _IMPOSSIBLE]
    impossible = [name for name, consent in consents if consent == _IMPOSSIBLE]
    return Report(text, list(dict.fromkeys(missing)), list(dict.fromkeys(impossible)))


def _limited(file: IO[bytes], name: str) -> bytes:
    content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise CommentError(f"{name} is larger than {LIMIT} bytes, which is not a report.")
    return content


def _losses(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if document["version"] != _VERSION:
        raise ValueError
    changes = cast(list[Mapping[str, Any]], document["changes"])
    losses = [*document["losses"], *(loss for change in changes for loss in change["losses"])]
    return cast(list[Mapping[str, Any]], losses)
