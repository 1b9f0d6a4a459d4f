"""The review on GitLab and Bitbucket, whose comment is updated in place."""

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main
from flask_on_aws_cli.review_comment.body import MARK
from flask_on_aws_cli.review_comment.platforms import bitbucket
from flask_on_aws_cli.review_comment.report import COMMENT, JSON

from tests.unit.command.review_comment.platform_servers import TABLE, TOKEN, Bitbucket, GitLab, report_json, served

DETAILS = "\n<details><summary>Replaced: db</summary>\n\n! engine: a → b\n\n</details>"
BITBUCKET_MARK = '[//]: # "review of this pull request"'


@pytest.fixture
def gitlab():
    with served(GitLab()) as platform:
        yield platform


@pytest.fixture
def bitbucket_server(monkeypatch):
    with served(Bitbucket()) as platform:
        monkeypatch.setattr(bitbucket, "URL", platform.url)
        yield platform


@pytest.fixture
def post(tmp_path):
    def post(variables, text=TABLE, code=0):
        (tmp_path / COMMENT).write_text(text)
        (tmp_path / JSON).write_text(report_json())
        result = CliRunner().invoke(main, ["review-comment", str(tmp_path)], env={"GITHUB_ACTIONS": None, **variables})
        assert result.exit_code == code, result.output
        return result.output

    return post


def on_gitlab(platform, token=TOKEN):
    names = {"CI_API_V4_URL": platform.url, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7"}
    return {"GITLAB_CI": "true", "GITLAB_TOKEN": token, **names}


ON_BITBUCKET = {
    "GITLAB_CI": None,
    "BITBUCKET_BUILD_NUMBER": "1",
    "BITBUCKET_TOKEN": TOKEN,
    "BITBUCKET_REPO_FULL_NAME": "owner/shop",
    "BITBUCKET_PR_ID": "7",
}


def test_on_gitlab_the_comment_is_created_once_and_updated(gitlab, post):
    gitlab.comments = [{"id": number, "author": {"id": 2}, "body": f"{MARK}\nOf another"} for number in range(120)]
    assert post(on_gitlab(gitlab), "### prod: 3 unchanged\n") == "Merge request 7: nothing changes.\n"
    assert post(on_gitlab(gitlab)) == "Merge request 7: the comment was created.\n"
    assert post(on_gitlab(gitlab), "### prod: 3 unchanged\n") == "Merge request 7: the comment was updated.\n"
    assert (len(gitlab.comments), gitlab.comments[-1]["body"]) == (121, f"{MARK}\n### prod: 3 unchanged\n")


def test_gitlab_s_rejection_is_reported(gitlab, post):
    assert post(on_gitlab(gitlab, "wrong"), code=2) == "GET user failed: 401 Unauthorized.\n"


def test_on_bitbucket_the_comment_is_created_once_and_updated_without_html(bitbucket_server, post):
    bitbucket_server.comments = [
        {"id": 0, "own": True, "deleted": False, "content": {"raw": "Hello"}},
        {"id": 1, "own": False, "deleted": False, "content": {"raw": f"{BITBUCKET_MARK}\n\nOf another"}},
        {"id": 2, "own": True, "deleted": True, "content": {"raw": BITBUCKET_MARK}},
    ]
    assert post(ON_BITBUCKET, "### prod: 3 unchanged\n") == "Pull request 7: nothing changes.\n"
    text = f"<!-- flask-on-aws review: prod -->\n{TABLE}{DETAILS}"
    assert post(ON_BITBUCKET, text) == "Pull request 7: the comment was created.\n"
    assert bitbucket_server.comments[-1]["content"]["raw"] == f"{BITBUCKET_MARK}\n\n{TABLE.strip()}"
    assert post(ON_BITBUCKET, "### prod: 3 unchanged\n") == "Pull request 7: the comment was updated.\n"
    assert bitbucket_server.comments[1]["content"]["raw"].endswith("Of another")
    assert (len(bitbucket_server.comments), bitbucket_server.sent[-1][0]) == (4, "PUT")


def test_a_folder_without_a_report_gets_one_sentence(gitlab, tmp_path):
    result = CliRunner().invoke(
        main, ["review-comment", str(tmp_path)], env={"GITHUB_ACTIONS": None, **on_gitlab(gitlab)}
    )
    path = tmp_path / COMMENT
    assert (result.exit_code, result.output) == (2, f"{path} cannot be read: No such file or directory.\n")
