from datetime import UTC, datetime

import pytest
from flask_on_aws.releases.release_record import Release, command_parameter, read_value, release_parameter, releases

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Ssm:
    """Parameter Store with two pages of history, or without the parameter."""

    class exceptions:
        class ParameterNotFound(Exception):
            pass

    def __init__(self, *values):
        self.values = values

    def get_paginator(self, operation):
        assert operation == "get_parameter_history"
        return self

    def paginate(self, Name):
        if not self.values:
            raise self.exceptions.ParameterNotFound
        told = [
            {"Value": value, "Version": number, "LastModifiedDate": NOON, "LastModifiedUser": "arn:me"}
            for number, value in enumerate(self.values, 1)
        ]
        return [{"Parameters": told[:1]}, {"Parameters": told[1:]}]


def test_a_release_survives_its_text():
    release = Release("repo@sha256:1", "arn:td:3", "abc", rolled_back_from=7)
    assert read_value(release.value) == release
    assert read_value(Release("a", "b").value) == Release("a", "b")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"image": "a"}', "null"])
def test_what_is_no_release_is_rejected_with_the_fix(text):
    with pytest.raises(ValueError, match="is not the record of a release; delete the parameter"):
        read_value(text)


def test_releases_are_listed_newest_first_with_their_numbers_and_authors():
    first, second = Release("repo@sha256:1", "arn:td:1"), Release("repo@sha256:2", "arn:td:2")
    found = list(releases(Ssm(first.value, second.value), "name"))
    assert [(one.number, one.image) for one in found] == [(2, "repo@sha256:2"), (1, "repo@sha256:1")]
    assert (found[0].time, found[0].user) == (NOON, "arn:me")
    assert list(releases(Ssm(), "name")) == []


def test_records_are_where_a_deploying_role_may_write():
    arn = "arn:aws:ecs:us-east-1:123456789012:cluster/app-cluster-1"
    assert release_parameter(arn, "app-web") == "/flask-on-aws/app-cluster-1/app-web/release"
    assert command_parameter("app-cluster-1", "app-web") == "/flask-on-aws/app-cluster-1/app-web/release-command"
