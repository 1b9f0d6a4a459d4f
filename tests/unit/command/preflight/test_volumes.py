"""A write that is denied in the image of an own Dockerfile: the fix names what the Dockerfile must say."""

import pytest
from flask_on_aws.build_plan.own_image.dockerfile_stage import Stage
from flask_on_aws_cli.preflight.app_checks.volumes import with_volume_advice
from flask_on_aws_cli.preflight.check import Cause, Finding, failed
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose_disk
from flask_on_aws_cli.preflight.output import Output


def _denied(path="/data/uploads/x.txt"):
    finding = diagnose_disk(Output([f"PermissionError: [Errno 13] Permission denied: '{path}'"]))
    assert finding is not None
    return failed("disk", finding)


@pytest.mark.parametrize(
    ("stage", "paths", "words"),
    [
        (
            Stage(user="app"),
            ["/tmp"],
            ["add it to the setting writablePaths", "chown app the folder", "VOLUME the folder"],
        ),
        (
            Stage(user="app"),
            ["/tmp", "/data/uploads"],
            ["/data/uploads is in writablePaths, but", "chown app /data/uploads", "VOLUME /data/uploads"],
        ),
        (Stage(), ["/data/uploads"], ["chown its user /data/uploads"]),
    ],
)
def test_an_own_dockerfile_needs_a_volume(stage, paths, words):
    fix = with_volume_advice(_denied(), stage, paths).fix
    for word in (*words, "or set readOnlyRoot to false"):
        assert word in fix
    assert "its user" in fix or "app" in fix


def test_a_planned_image_and_other_failures_keep_their_advice():
    assert with_volume_advice(_denied(), None, ["/data/uploads"]) == _denied()
    other = failed("starts", Finding(Cause.CRASHED, "it exited", "see its log"))
    assert with_volume_advice(other, Stage(), []) == other
