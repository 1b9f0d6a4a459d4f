"""Functions that CloudFront runs for each request of a viewer: JavaScript files with settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

_SETTINGS = "var SETTINGS = {};"
_RUNTIME = "cloudfront-js-2.0"


def with_settings(file: str, settings: Mapping[str, Any]) -> str:
    """The code of a JavaScript file of this folder, with its settings."""
    template = Path(__file__).with_name(file).read_text("utf-8")
    return template.replace(_SETTINGS, f"var SETTINGS = {json.dumps(settings)};")


def create_function(
    name: str, comment: str, code: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.cloudfront.Function:
    """Create a function and publish it, so that a distribution can use it."""
    return aws.cloudfront.Function(name, runtime=_RUNTIME, comment=comment, code=code, publish=True, opts=opts)
