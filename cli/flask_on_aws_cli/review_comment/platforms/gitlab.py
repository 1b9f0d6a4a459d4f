"""GitLab: the comment on a merge request."""

from urllib.parse import quote

from ..body import MARK, comment
from ..report import Report
from .rest import Api

_LIMIT = 1_000_000  # characters of a note


def api(url: str, token: str) -> Api:
    """GitLab's API; the token is a project's, with the scope `api`."""
    return Api(url, {"PRIVATE-TOKEN": token, "User-Agent": "flask-on-aws"})


def post(gitlab: Api, project: str, merge_request: str, report: Report) -> str:
    """Update the last comment, or create one if something changes; returns what was done, in a sentence.

    Raises:
        CommentError: if GitLab rejects a request.
    """
    notes = f"projects/{quote(project, safe='')}/merge_requests/{quote(merge_request, safe='')}/notes"
    user = gitlab.get("user")["id"]  # a maintainer's token could also change comments of others
    own = next(
        (
            note["id"]
            for note in gitlab.pages(notes, sort="asc", order_by="created_at")
            if note["author"]["id"] == user and str(note["body"]).startswith(MARK)
        ),
        None,
    )
    body = {"body": comment(report, _LIMIT)}
    if own is not None:
        gitlab.send("PUT", f"{notes}/{own}", body)
        return f"Merge request {merge_request}: the comment was updated."
    if not report.has_changes:
        return f"Merge request {merge_request}: nothing changes."
    gitlab.send("POST", notes, body)
    return f"Merge request {merge_request}: the comment was created."
