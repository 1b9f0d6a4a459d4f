"""Errors of the AWS endpoint in the protocols of https://smithy.io/2.0/aws/protocols/index.html."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape


class ErrorResponse(NamedTuple):
    """A response that reports an error."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def error_response(
    environ: Mapping[str, Any], status: str, code: str, message: str, service: str = ""
) -> ErrorResponse:
    """The response to a call that failed, in the protocol that the call appears to use.

    Args:
        environ: the WSGI environment of the call.
        status: the status line, such as `500 Internal Server Error`.
        code: the error's code, such as `InternalFailure`.
        message: the error as sentences.
        service: the called service, since EC2 has a protocol of its own. Default: unknown.
    """
    content_type = str(environ.get("CONTENT_TYPE", ""))
    if "HTTP_X_AMZ_TARGET" in environ or "json" in content_type:
        content_type = content_type if "json" in content_type else "application/x-amz-json-1.1"
        text = json.dumps({"__type": code, "message": message})
    else:
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        if service == "ec2":
            error = f"<Response><Errors>{error}</Errors></Response>"
        elif "x-www-form-urlencoded" in content_type:
            error = f"<ErrorResponse>{error}</ErrorResponse>"
        content_type, text = "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'
    body = text.encode()
    # The protocols with JSON in REST requests, of which many have no body, read the code from this field:
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("x-amzn-errortype", code)]
    return ErrorResponse(status, headers, body)
