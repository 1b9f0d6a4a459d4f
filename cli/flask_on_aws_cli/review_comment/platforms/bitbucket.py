"""Bitbucket Cloud: the comment on a pull request."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..body import comment, without_html
from ..report import Report
from .rest import Api, ApiError

URL = "https://api.bitbucket.org/2.0"
_LIMIT = 32_000  # characters; the API rejects more than 32,768
# Bitbucket shows HTML as text. A definition of a link that nothing uses is not shown.
_MARK = '[//]: # "review of this pull request"'
_FORBIDDEN = 403  # a comment of somebody else, who wrote the mark


def api(url: str, token: str) -> Api:
    """Bitbucket's API; the token is a repository's, with the scope `pullrequest:write`."""
    return Api(url, {"Authorization": f"Bearer {token}", "User-Agent": "flask-on-aws"})


def post(bitbucket: Api, repository: str, pull_request: str, report: Report) -> str:
    """Update the last comment, or create one if something changes; returns what was done, in a sentence.

    Args:
        bitbucket: the API.
        repository: WORKSPACE/NAME.
        pull_request: its number.
        report: the report, of which the folded sections are left out.

    Raises:
        CommentError: if Bitbucket rejects a request.
    """
    comments = f"repositories/{repository}/pullrequests/{pull_request}/comments"
    text = comment(replace(report, text=without_html(report.text)), _LIMIT).partition("\n")[2]
    body = {"content": {"raw": f"{_MARK}\n\n{text}"}}
    for number in list(_marked(bitbucket, comments)):
        try:
            bitbucket.send("PUT", f"{comments}/{number}", body)
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
        else:
            return f"Pull request {pull_request}: the comment was updated."
    if not report.has_changes:
        return f"Pull request {pull_request}: nothing changes."
    bitbucket.send("POST", comments, body)
    return f"Pull request {pull_request}: the comment was created."


def _marked(bitbucket: Api, comments: str) -> Iterator[int]:
    """The comments with the mark, the oldest first."""
    page = 1
    while True:
        answer: Mapping[str, Any] = bitbucket.get(comments, pagelen=100, page=page)
        for entry in answer["values"]:
            if not entry.get("deleted") and str(entry["content"]["raw"]).startswith(_MARK):
                yield int(entry["id"])
        if not answer.get("next"):
            return
        page += 1
