"""The last line of an app that lacks a configuration for the stack's environment → the verdict: pure."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Context, Output

STAGING = {"APP_ENV": "Staging", "FLASK_ENV": "staging"}


def finding(*lines, environments=STAGING):
    head = ["Traceback (most recent call last):", '  File "/app/shop/staging/__init__.py", line 3, in <module>']
    return diagnose(Output([*head, *lines], "gunicorn", 3, Context(environments=environments)))


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("KeyError: 'Staging'", "APP_ENV"),
        ("KeyError: 'staging'", "FLASK_ENV"),
        ("[2026-11-29 20:00:00 +0000] [7] [ERROR] KeyError: 'staging'", "FLASK_ENV"),
        ("AttributeError: module 'config.settings' has no attribute 'StagingConfig'", "APP_ENV"),
        ("ImportError: cannot import name 'StagingConfig' from 'config' (/app/config.py)", "APP_ENV"),
        ("ModuleNotFoundError: No module named 'config.staging'", "FLASK_ENV"),
        ("ModuleNotFoundError: No module named 'shop.settings.staging'", "FLASK_ENV"),
        ("werkzeug.utils.ImportStringError: import_string() failed for 'config.StagingConfig'.", "APP_ENV"),
        ("ValueError: 'staging' is not a valid Environment", "FLASK_ENV"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'config/staging.yaml'", "FLASK_ENV"),
        ("  Input should be 'development' or 'production' [type=literal_error, input_value='staging', input_type=str]",
         "FLASK_ENV"),
        ("RuntimeError: Unknown environment 'Staging'", "APP_ENV"),
        ("configurations.errors.ConfigError: no class 'Staging_Settings'", "APP_ENV"),
    ],
)  # fmt: skip
def test_the_environment_that_an_app_lacks_is_named_with_its_variable(line, variable):
    found = finding(line)
    assert found is not None
    assert found.cause is Cause.UNKNOWN_ENVIRONMENT
    assert f"no configuration for {STAGING[variable]!r}, the value of {variable}" in found.sentence
    assert f"pulumi config set --path env.{variable} NAME" in found.fix
    assert f"pulumi config set --path 'overrideEnv[0]' {variable}" in found.fix
    assert line in found.evidence


@pytest.mark.parametrize(
    "line",
    [
        "KeyError: 'testing'",
        "ModuleNotFoundError: No module named 'stagingtools'",
        "ValueError: could not connect to db-staging.example.com",
        "PermissionError: [Errno 13] Permission denied: '/app/staging.log'",
        "starting in 'staging'",
        "",
    ],
)
def test_another_error_is_not_blamed_on_the_environment(line):
    found = finding(line)
    assert found is None or found.cause is not Cause.UNKNOWN_ENVIRONMENT
    assert finding("KeyError: 'Staging'", environments={}) is None
