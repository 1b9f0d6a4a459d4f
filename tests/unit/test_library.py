"""The library's front door: every name, each imported when it is asked for."""

import subprocess
import sys

import flask_on_aws
import pytest


@pytest.mark.parametrize("name", flask_on_aws.__all__)
def test_a_public_name_is_there_and_is_what_it_says(name):
    assert getattr(flask_on_aws, name).__name__ == name


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="module 'flask_on_aws' has no attribute 'Balancer'"):
        _ = flask_on_aws.Balancer


def test_a_build_plan_needs_no_pulumi():
    check = "import sys, flask_on_aws.build_plan.plan; sys.exit('pulumi' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
