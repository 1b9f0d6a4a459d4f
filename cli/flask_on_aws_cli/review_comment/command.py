"""`flask-on-aws review-comment`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..shared.failure import fail
from .errors import CommentError
from .platforms import bitbucket, github, gitlab
from .report import Report, read_folder

_CANNOT_RUN = click.UsageError.exit_code


@click.command("review-comment")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--workflow",
    default="review.yml",
    show_default=True,
    metavar="FILE",
    help="File of the GitHub workflow that makes the reviews.",
)
def review_comment(folder: Path | None, workflow: str) -> None:
    """Post a review as a comment on its pull request, and update it with every push.

    On GitHub, this runs in a workflow for the events workflow_run and issue_comment, and takes the report from the
    artifact of the review. It also sets the commit status "data loss", which fails as long as data is lost without
    consent. The consent is the setting acceptDataLoss, or a comment of a user with write access.

    On GitLab and Bitbucket, DIR has the files comment.md and report.json.
    """
    try:
        click.echo(_post(os.environ, folder, workflow))
    except CommentError as error:
        fail(str(error), code=_CANNOT_RUN)


def _post(variables: Mapping[str, str], folder: Path | None, workflow: str) -> str:
    """Post on the platform that runs this.

    Raises:
        CommentError: if it cannot be posted.
    """
    if variables.get("GITHUB_ACTIONS"):
        server = github.api(_variable(variables, "GITHUB_API_URL"), _variable(variables, "GITHUB_TOKEN"))
        return github.post(server, _variable(variables, "GITHUB_REPOSITORY"), _event(variables), workflow)
    if variables.get("GITLAB_CI"):
        server = gitlab.api(_variable(variables, "CI_API_V4_URL"), _variable(variables, "GITLAB_TOKEN"))
        number = _variable(variables, "CI_MERGE_REQUEST_IID")
        return gitlab.post(server, _variable(variables, "CI_PROJECT_ID"), number, _report(folder))
    if variables.get("BITBUCKET_BUILD_NUMBER"):
        server = bitbucket.api(bitbucket.URL, _variable(variables, "BITBUCKET_TOKEN"))
        repository, number = _variable(variables, "BITBUCKET_REPO_FULL_NAME"), _variable(variables, "BITBUCKET_PR_ID")
        return bitbucket.post(server, repository, number, _report(folder))
    raise CommentError("review-comment runs in GitHub Actions, GitLab CI/CD or Bitbucket Pipelines.")


def _variable(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise CommentError(f"The environment variable {name} is not set; see docs/review.md.")
    return value


def _report(folder: Path | None) -> Report:
    if folder is None:
        raise CommentError("DIR: name the folder with comment.md and report.json.")
    return read_folder(folder)


def _event(variables: Mapping[str, str]) -> Mapping[str, Any]:
    """GitHub's event."""
    file = Path(_variable(variables, "GITHUB_EVENT_PATH"))
    try:
        event: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommentError(f"GITHUB_EVENT_PATH: {file} cannot be read: {error}.") from error
    if "workflow_run" not in event and "issue" not in event:
        raise CommentError("review-comment runs on the events workflow_run and issue_comment.")
    return event
