"""Which lines of which comments are a consent."""

import pytest
from flask_on_aws_cli.review_comment.body import consent_text
from flask_on_aws_cli.review_comment.consent import Comment, accepted, consent_line

SHA, OTHER = "1a" * 20, "2b" * 20
LINE = consent_line("app-db", SHA)


def authors(*texts, names=("app-db",), may=lambda user: True):
    return accepted(names, [Comment("alice", text) for text in texts], SHA, may)


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"Looks good.\n\n{LINE}\n\nThe backup is from today.",
        f"{LINE}\r\n",
        f"```\nsome output\n```\n{LINE}",
        f"<!-- note -->\n{LINE}",
        f"accept:  data-loss  app-db  {SHA}",
    ],
)
def test_a_line_for_the_commit_is_a_consent(text):
    assert authors(text) == {"app-db": "alice"}


@pytest.mark.parametrize(
    "text",
    [
        "accept: data-loss app-db",
        consent_line("app-db", OTHER),
        consent_line("app-db", SHA[:12]),
        consent_line("app-db", SHA.upper()),
        consent_line("app-db", f"{SHA}1"),
        consent_line("app-media", SHA),
        consent_line("app-db app-media", SHA),
        f"> {LINE}",
        f"I do not {LINE}",
        f"`{LINE}`",
        f"```\n{LINE}\n```",
        f"````\n```\n{LINE}\n````",
        f"~~~\n{LINE}",
        f"    {LINE}",
        f"<!--\n{LINE}\n-->",
        f"<!--\n{LINE}",
    ],
)
def test_other_lines_are_not(text):
    assert authors(text) == {}


def test_only_a_user_who_may_write_accepts():
    asked = []

    def may(user):
        asked.append(user)
        return user == "bob"

    comments = [
        Comment("", LINE),
        Comment("eve", LINE),
        Comment("eve", LINE),
        Comment("bob", LINE),
        Comment("al", LINE),
    ]
    assert accepted(["app-db"], comments, SHA, may) == {"app-db": "bob"}
    assert asked == ["eve", "bob"]


def test_each_resource_needs_its_own_line():
    names = ("app-db", "a name")
    assert authors(LINE, names=names) == {"app-db": "alice"}
    assert set(authors(f"{LINE}\n{consent_line('a name', SHA)}", names=names)) == set(names)


@pytest.mark.parametrize("name", ["app-db", "a name", "with ``` in it", "<b>"])
def test_the_line_in_the_comment_is_a_consent_when_it_is_copied(name):
    text = consent_text([name], {}, SHA)
    (line,) = [line for line in text.splitlines() if line.startswith("accept:")]
    assert authors(line, names=[name]) == {name: "alice"}
    assert authors(text, names=[name]) == {}


def test_what_is_accepted_is_said_with_what_is_still_needed():
    text = consent_text(["app-db", "app-media"], {"app-db": "alice"}, SHA)
    assert "- Accepted for 1a1a1a1 by alice: `app-db` loses data." in text
    assert consent_line("app-media", SHA) in text
    assert LINE not in text
    assert "`pulumi up` still needs the setting `acceptDataLoss`." in text
    assert consent_text([], {}, SHA) == ""
