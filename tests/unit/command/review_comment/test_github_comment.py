"""The review on GitHub: the comment, and the commit status that the consent of a comment's author satisfies."""

import json

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main
from flask_on_aws_cli.review_comment.body import MARK
from flask_on_aws_cli.review_comment.consent import consent_line

from tests.unit.command.review_comment.platform_servers import (
    OTHER_SHA,
    SHA,
    TABLE,
    TOKEN,
    Blob,
    GitHub,
    archive,
    comment,
    pull,
    report_json,
    run,
    served,
)

LOSS = archive(document=report_json(app_db="missing"))
LINE = consent_line("app-db", SHA)


@pytest.fixture
def github():
    with served(GitHub()) as platform, served(Blob(platform)) as blob:
        platform.blob_url = f"{blob.url}/report.zip"
        platform.artifact = archive(document=report_json())
        yield platform


@pytest.fixture
def post(github, tmp_path):
    """Run the command for an event, with an exit code of 0 unless another one is expected; returns its output."""

    def post(event=None, code=0, token=TOKEN):
        file = tmp_path / "event.json"
        file.write_text(json.dumps(event or {"workflow_run": github.runs[-1]}))
        variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": token,
            "GITHUB_REPOSITORY": "owner/shop",
            "GITHUB_EVENT_PATH": str(file),
        }
        result = CliRunner().invoke(main, ["review-comment"], env=variables)
        assert result.exit_code == code, result.output
        return result.output

    return post


def on_comment(number=7):
    """The event of a comment on the pull request."""
    return {
        "issue": {"number": number, "pull_request": {"url": "https://example.com/7"}},
        "comment": {"body": "accept: data-loss"},
    }


def test_a_review_with_changes_is_posted_and_then_updated(github, post):
    github.comments = [comment("Hello"), comment(f"{MARK}\nMine", "eve"), comment("Another", "github-actions[bot]")]
    assert post() == "Pull request 7: the comment was created.\n"
    assert github.comments[-1]["body"] == f"{MARK}\n{TABLE}"
    github.artifact = archive("### prod: 3 unchanged\n", report_json())
    assert post() == "Pull request 7: the comment was updated.\n"
    assert (len(github.comments), github.comments[-1]["body"]) == (4, f"{MARK}\n### prod: 3 unchanged\n")
    assert github.status == ("success", "No data is lost without consent.")


def test_the_comment_is_found_on_a_later_page(github, post):
    github.comments = [comment(str(number)) for number in range(130)]
    post()
    post()
    assert len(github.comments) == 131


def test_a_comment_is_not_created_when_nothing_changes(github, post):
    github.artifact = archive("### prod: 3 unchanged\n", report_json())
    assert post() == "Pull request 7: nothing changes.\n"
    assert github.comments == []
    assert github.status[0] == "success"


def test_lost_data_fails_until_a_user_with_write_access_accepts_it(github, post):
    github.artifact, github.permissions = LOSS, {"alice": "write", "eve": "read"}
    post()
    assert github.status == ("failure", "Not accepted: app-db")
    assert LINE in github.comments[-1]["body"]
    for author in (comment(LINE, "eve"), comment(LINE, "stranger"), comment(LINE, "renovate[bot]", "Bot")):
        github.comments.append(author)
        post(on_comment())
        assert github.status == ("failure", "Not accepted: app-db")
    github.comments.append(comment(LINE, "alice"))
    post(on_comment())
    assert github.status == ("success", "Accepted: app-db by alice")
    assert "- Accepted for 1111111 by alice: `app-db` loses data." in github.comments[0]["body"]
    github.comments.pop()
    post(on_comment())
    assert github.status == ("failure", "Not accepted: app-db")


@pytest.mark.parametrize(("permission", "state"), [("admin", "success"), ("write", "success"), ("none", "failure")])
def test_write_access_is_what_github_says(github, post, permission, state):
    github.artifact, github.permissions = LOSS, {"alice": permission}
    github.comments = [comment(LINE)]
    post()
    assert github.status[0] == state


def test_a_consent_does_not_count_for_the_next_commit(github, post):
    github.artifact, github.permissions = LOSS, {"alice": "admin"}
    github.comments = [comment(LINE)]
    post()
    assert github.status[0] == "success"
    github.pulls, github.runs = [pull(sha=OTHER_SHA)], [run(4, OTHER_SHA)]
    post()
    assert github.status == ("failure", "Not accepted: app-db")


def test_each_resource_is_accepted_by_itself_and_what_cannot_work_never(github, post):
    github.permissions = {"alice": "admin"}
    github.artifact = archive(document=report_json(app_db="missing", app_media="missing", app_logs="not-guarded"))
    github.comments = [comment(LINE)]
    post()
    assert github.status == ("failure", "Not accepted: app-media")
    github.artifact = archive(document=report_json(app_db="impossible"))
    post()
    assert github.status == ("failure", "Cannot work: app-db")


def test_a_consent_that_is_not_known_is_missing(github, post):
    github.artifact = archive(document=report_json(app_db="waived"))
    post()
    assert github.status == ("failure", "Not accepted: app-db")


@pytest.mark.parametrize(
    "artifact",
    [
        None,
        b"not an archive",
        archive(),
        archive(document="[]"),
        archive(document='{"version": 2, "changes": [], "losses": []}'),
        archive(document="[" * 100_000),
        archive("x" * 9_000_000, report_json()),
        archive(document=report_json(app_db="missing"))[:-30],
    ],
)
def test_a_review_without_a_report_fails(github, post, artifact):
    github.artifact = artifact
    post()
    assert github.status == ("failure", "The review could not be made.")
    assert github.comments == []


@pytest.mark.parametrize(
    "change",
    [
        {"pulls": [pull(state="closed")]},
        {"pulls": [pull(sha=OTHER_SHA)]},
        {"runs": [run(conclusion="cancelled")]},
        {"runs": [run(event="push")]},
        {"runs": [run(head_repository=None)]},
    ],
)
def test_nothing_is_posted_for_a_closed_pull_request_or_an_older_commit(github, post, change):
    github.artifact = LOSS
    for name, value in change.items():
        setattr(github, name, value)
    assert post().startswith("Nothing was posted: ")
    assert github.sent == []


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [run(), run(4, status="in_progress", conclusion=None)],
        [run(head_repository={"full_name": "eve/shop", "owner": {"login": "eve"}})],
        [run(head_branch="other")],
    ],
)
def test_a_comment_uses_the_finished_review_of_the_same_branch(github, post, runs):
    github.runs, github.artifact = runs, LOSS
    assert post(on_comment()).startswith("Nothing was posted: ")
    assert github.sent == []


def test_a_comment_on_an_issue_is_ignored(github, post):
    assert post({"issue": {"number": 7}}).startswith("Nothing was posted: ")


def test_a_commit_of_two_pull_requests_is_not_accepted(github, post):
    """The report is of one of the two bases, and which one is not known."""
    github.pulls.append(pull(8))
    post()
    assert github.status == ("failure", "More than one open pull request has this commit.")
    assert github.comments == []


def test_any_report_fits_and_notifies_nobody(github, post):
    github.artifact = archive("- @everyone\n" + "é" * 70_000, report_json(**{f"db{n}": "missing" for n in range(90)}))
    post()
    (created,) = github.comments
    assert len(created["body"]) <= 65_536
    assert "@everyone" not in created["body"]
    assert len(github.status[1]) <= 140


def test_a_rejected_request_is_reported_in_one_sentence(post):
    assert post(code=2, token="wrong") == "GET repos/owner/shop/pulls failed: 401 Unauthorized.\n"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "review-comment runs in GitHub Actions, GitLab CI/CD or Bitbucket Pipelines."),
        ({"GITHUB_ACTIONS": "true"}, "The environment variable GITHUB_API_URL is not set; see docs/review.md."),
        ({"BITBUCKET_BUILD_NUMBER": "1"}, "The environment variable BITBUCKET_TOKEN is not set; see docs/review.md."),
    ],
)
def test_an_environment_without_what_it_needs_gets_a_sentence(variables, sentence):
    names = ("GITHUB_ACTIONS", "GITHUB_API_URL", "GITLAB_CI", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_TOKEN")
    result = CliRunner().invoke(main, ["review-comment"], env={**dict.fromkeys(names), **variables})
    assert (result.exit_code, result.output) == (2, f"{sentence}\n")
