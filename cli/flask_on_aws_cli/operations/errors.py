"""Explains errors of AWS, each in one sentence with its fix."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from flask_on_aws.aws_session import IdentityError
from flask_on_aws.releases.rollout import RolloutError

from ..session_manager.errors import SessionError
from ..shared.failure import fail

_LOG_IN = "log in again, for example with: aws sso login"
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_INVALID_KEY = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
_THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_NO_CREDENTIALS = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError)
_EXPIRED_LOGIN = (aws.TokenRetrievalError, aws.SSOTokenLoadError, aws.UnauthorizedSSOTokenError)


class OperationError(Exception):
    """A command that cannot be carried out; the message is a sentence that names the problem and the fix."""


def error_code(error: ClientError) -> str:
    """AWS's code of an error, such as `ResourceNotFoundException`; empty if it has none."""
    return str(cast(Any, error).response["Error"].get("Code", ""))


def explain(error: ClientError | BotoCoreError) -> str:
    """The sentence for an error of boto3."""
    if isinstance(error, ClientError):
        return _explain_client_error(cast(Any, error))
    if isinstance(error, _EXPIRED_LOGIN):
        return f"The login to AWS has expired; {_LOG_IN}"
    if isinstance(error, _NO_CREDENTIALS):
        return (
            "No AWS credentials were found; set AWS_PROFILE or use --profile, or log in with: aws sso login "
            f"({_sentence(str(error))})"
        )
    if isinstance(error, aws.ProfileNotFound):
        return (
            f"{_sentence(str(error))} in the AWS configuration files; use another with --profile, or create it with: "
            "aws configure sso"
        )
    if isinstance(error, aws.NoRegionError):
        return "No AWS region is set; use --region, or set AWS_REGION or the stack's aws:region."
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        return f"AWS does not answer; check the network and the region. ({_sentence(str(error))})"
    return f"The request to AWS failed: {_sentence(str(error))}."


def _explain_client_error(error: Any) -> str:
    code, message = error_code(error), str(error.response["Error"].get("Message", ""))
    if code in _EXPIRED:
        return f"The AWS credentials have expired; {_LOG_IN}"
    if code in _INVALID_KEY:
        return f"The AWS credentials are invalid ({code}); use a profile of the account with AWS_PROFILE or --profile."
    if code in _DENIED:
        return _explain_denial(error.operation_name, message)
    if code == "ClusterNotFoundException":
        return "The cluster does not exist; check --cluster, --region and the account of the credentials."
    if code in _THROTTLED:
        return f"AWS throttles the requests of this account ({error.operation_name}); try again in a minute."
    return f"AWS rejected {error.operation_name}: {_sentence(message)} ({code})."


def _explain_denial(operation: str, message: str) -> str:
    action = re.search(r"to perform:? ([\w-]+:\w+)", message)
    resource = re.search(r"on resource:? (\S+)", message)
    caller = re.search(r"User:? (\S+)", message)
    return (
        f"{caller[1] if caller else 'The credentials'} may not {action[1] if action else operation}"
        f"{' on ' + resource[1] if resource else ''}; docs/operations.md lists the permissions of each command."
    )


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")


@contextmanager
def reported_errors() -> Generator[None]:
    """End the command with a sentence on standard error for the errors that a user can fix."""
    try:
        yield
    except (OperationError, RolloutError, IdentityError) as error:
        fail(str(error))
    except SessionError as error:
        fail(f"{error}.")
    except (ClientError, BotoCoreError) as error:
        fail(explain(error))
