"""Tests of the app's health check path on AWS, where `auto` is the default path."""

import pytest
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.flask_app.component_args import preflight_settings, route_args
from flask_on_aws.flask_app.flask_app_args import with_profile


@pytest.mark.parametrize("settings", [{}, {"health_check_path": "auto"}])
def test_without_a_path_the_load_balancer_checks_its_default_as_before(settings):
    assert "health_check_path" not in route_args(with_profile(settings), "vpc-1", "arn:listener")
    assert list(problems("shop", {"image": "nginx", **settings})) == []


def test_a_path_that_is_set_reaches_the_load_balancer_and_the_preflight():
    args = with_profile({"health_check_path": "/health"})
    assert route_args(args, "vpc-1", "arn:listener")["health_check_path"] == "/health"
    assert preflight_settings("shop", args)["healthCheckPath"] == "/health"
    assert preflight_settings("shop", with_profile({"health_check_path": "auto"}))["healthCheckPath"] == "auto"
    (problem,) = problems("shop", {"image": "nginx", "health_check_path": "automatic"})
    assert problem.argument == "health_check_path"
