"""GitHub: the comment, and the commit status that depends on the consent to lost data.

The run of the review is only trusted with its report. Which pull request and commit it belongs to, who wrote a comment
and what that user may do are GitHub's answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from ..body import MARK, comment, consent_text
from ..consent import Comment, accepted
from ..errors import CommentError
from ..report import LIMIT, Report, read_zip
from .rest import Api, ApiError

CONTEXT = "data loss"
"""Name of the commit status, for the rules of a branch."""
_BOT = "github-actions[bot]"
_ARTIFACT = "review"
_COMMENT_LIMIT = 65_536
_DESCRIPTION_LIMIT = 140  # of a commit status
_WRITES = frozenset({"admin", "write"})  # in this field, `maintain` is `write`, and `triage` is `read`
_NOT_FOUND = 404


class _Reviewed(NamedTuple):
    """A pull request and the run that reviewed its head commit."""

    number: int
    commit: str
    run: int


class _SeveralError(Exception):
    """More than one open pull request has the commit, so to which base the report belongs is not known."""


def api(url: str, token: str) -> Api:
    """GitHub's API."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "flask-on-aws",
    }
    return Api(url, headers)


def post(github: Api, repository: str, event: Mapping[str, Any], workflow: str) -> str:
    """Post the review that an event is about; returns what was done, in a sentence.

    Args:
        github: the API.
        repository: OWNER/NAME.
        event: the event that started this workflow: `workflow_run`, or `issue_comment`.
        workflow: the file name of the workflow that reviews, for a comment.

    Raises:
        CommentError: if GitHub rejects a request.
    """
    root = f"repos/{repository}"
    try:
        reviewed = (
            _of_run(github, root, event["workflow_run"])
            if "workflow_run" in event
            else _of_comment(github, root, event, workflow)
        )
    except _SeveralError as error:
        _set_status(github, root, str(error), "failure", "More than one open pull request has this commit.")
        return "Nothing was posted: more than one open pull request has this commit."
    if reviewed is None:
        return "Nothing was posted: there is no open pull request with a review of its head commit."
    report = _report(github, root, reviewed)
    if report is None:
        _set_status(github, root, reviewed.commit, "failure", "The review could not be made.")
        return f"Pull request {reviewed.number}: its review has no report."
    comments = list(github.pages(f"{root}/issues/{reviewed.number}/comments"))
    authors = accepted(
        report.missing, map(_comment, comments), reviewed.commit, lambda user: _may_write(github, root, user)
    )
    _set_status(github, root, reviewed.commit, *_status(report, authors))
    text = comment(report, _COMMENT_LIMIT, consent_text(report.missing, authors, reviewed.commit))
    return _post_comment(github, f"{root}/issues", reviewed.number, comments, text, report.has_changes)


def _of_run(github: Api, root: str, run: Mapping[str, Any]) -> _Reviewed | None:
    """The pull request of a run; None if it is closed, has a newer commit, or the run was canceled by a newer one."""
    head = run.get("head_repository")
    if run.get("event") != "pull_request" or run.get("conclusion") == "cancelled" or not head:
        return None
    commit, branch = str(run["head_sha"]), f"{head['owner']['login']}:{run['head_branch']}"
    pulls = github.pages(f"{root}/pulls", state="open", head=branch)  # a run has no pull requests of forks
    numbers = [int(pull["number"]) for pull in pulls if pull["head"]["sha"] == commit]
    if len(numbers) > 1:
        raise _SeveralError(commit)
    return _Reviewed(numbers[0], commit, int(run["id"])) if numbers else None


def _of_comment(github: Api, root: str, event: Mapping[str, Any], workflow: str) -> _Reviewed | None:
    """The pull request with a comment, and the newest run for its head commit, unless it still runs."""
    issue = event.get("issue", {})
    if not issue.get("pull_request"):
        return None
    pull = github.get(f"{root}/pulls/{int(issue['number'])}")
    if pull["state"] != "open" or not pull["head"]["repo"]:
        return None
    commit = str(pull["head"]["sha"])
    runs = github.get(
        f"{root}/actions/workflows/{quote(workflow, safe='')}/runs", head_sha=commit, event="pull_request", per_page=100
    )
    of_branch = [
        run
        for run in cast(list[Mapping[str, Any]], runs["workflow_runs"])
        if _part(run, "head_repository").get("full_name") == pull["head"]["repo"]["full_name"]
        and run["head_branch"] == pull["head"]["ref"]
        and run["head_sha"] == commit
    ]
    newest = max(of_branch, key=lambda run: int(run["run_number"]), default=None)
    return _of_run(github, root, newest) if newest and newest["status"] == "completed" else None


def _report(github: Api, root: str, reviewed: _Reviewed) -> Report | None:
    """The report of a run; None if it has none, or something else in its place."""
    artifacts = github.get(f"{root}/actions/runs/{reviewed.run}/artifacts", name=_ARTIFACT)["artifacts"]
    usable = [each for each in artifacts if not each["expired"] and int(each["size_in_bytes"]) <= LIMIT]
    if not usable:
        return None
    newest = max(usable, key=lambda each: int(each["id"]))
    content = github.download(f"{root}/actions/artifacts/{newest['id']}/zip")
    try:
        return read_zip(content)
    except CommentError:
        return None


def _comment(entry: Mapping[str, Any]) -> Comment:
    user = _part(entry, "user")
    return Comment(str(user["login"]) if user.get("type") == "User" else "", str(entry.get("body") or ""))


def _may_write(github: Api, root: str, user: str) -> bool:
    try:
        answer = github.get(f"{root}/collaborators/{quote(user, safe='')}/permission")
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    return answer.get("permission") in _WRITES


def _status(report: Report, authors: Mapping[str, str]) -> tuple[str, str]:
    """State and description of the commit status."""
    missing = [name for name in report.missing if name not in authors]
    if report.impossible:
        return "failure", f"Cannot work: {', '.join(report.impossible)}"
    if missing:
        return "failure", f"Not accepted: {', '.join(missing)}"
    if authors:
        return "success", "Accepted: " + ", ".join(f"{name} by {user}" for name, user in authors.items())
    return "success", "No data is lost without consent."


def _set_status(github: Api, root: str, commit: str, state: str, description: str) -> None:
    text = " ".join(description.split())
    text = text if len(text) <= _DESCRIPTION_LIMIT else f"{text[: _DESCRIPTION_LIMIT - 1]}…"
    github.send("POST", f"{root}/statuses/{commit}", {"state": state, "context": CONTEXT, "description": text})


def _post_comment(
    github: Api, issues: str, number: int, comments: Sequence[Mapping[str, Any]], text: str, is_needed: bool
) -> str:
    """Update the last comment, or create one if something changes."""
    own = next(filter(_is_own, comments), None)
    if own:
        github.send("PATCH", f"{issues}/comments/{int(own['id'])}", {"body": text})
        return f"Pull request {number}: the comment was updated."
    if not is_needed:
        return f"Pull request {number}: nothing changes."
    github.send("POST", f"{issues}/{number}/comments", {"body": text})
    return f"Pull request {number}: the comment was created."


def _is_own(entry: Mapping[str, Any]) -> bool:
    return _part(entry, "user").get("login") == _BOT and str(entry.get("body") or "").startswith(MARK)


def _part(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in another one; GitHub has null for a deleted user or repository."""
    return entry.get(name) or {}
