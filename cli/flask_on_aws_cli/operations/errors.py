"""What AWS's refusals mean, in one sentence each with the way out."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from flask_on_aws.aws_session import IdentityError
from flask_on_aws.releases.rollout import RolloutError

from ..shared.stack_options import fail

_LOG_IN = "log in again, for example with: aws sso login"
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_UNKNOWN_KEY = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
_TOO_MANY = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_NO_CREDENTIALS = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError)
_OLD_LOGIN = (aws.TokenRetrievalError, aws.SSOTokenLoadError, aws.UnauthorizedSSOTokenError)


class OperationError(Exception):
    """A whole sentence that names what is wrong and the way out."""


def explain(error: ClientError | BotoCoreError) -> str:
    """What to make of an error of boto3."""
    if isinstance(error, ClientError):
        return _refusal(cast(Any, error))
    if isinstance(error, _OLD_LOGIN):
        return f"The login to AWS has expired; {_LOG_IN}"
    if isinstance(error, _NO_CREDENTIALS):
        return (
            "There are no AWS credentials here; set AWS_PROFILE or give --profile, or log in with: aws sso login "
            f"({_sentence(str(error))})"
        )
    if isinstance(error, aws.ProfileNotFound):
        return (
            f"{_sentence(str(error))} in AWS's files; give another with --profile, or make it with: aws configure sso"
        )
    if isinstance(error, aws.NoRegionError):
        return "No AWS region is set; give one with --region, or set AWS_REGION or the stack's aws:region."
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        return f"AWS does not answer; look at the network and the region. ({_sentence(str(error))})"
    return f"AWS cannot be asked: {_sentence(str(error))}."


def _refusal(error: Any) -> str:
    code, message = str(error.response["Error"].get("Code", "")), str(error.response["Error"].get("Message", ""))
    if code in _EXPIRED:
        return f"The AWS credentials have expired; {_LOG_IN}"
    if code in _UNKNOWN_KEY:
        return f"AWS does not know these credentials ({code}); set AWS_PROFILE or --profile to those of the account."
    if code in _DENIED:
        return _denial(error.operation_name, message)
    if code == "ClusterNotFoundException":
        return "The cluster is not there; look at --cluster, --region and the account of the credentials."
    if code in _TOO_MANY:
        return f"AWS is asked too often in this account ({error.operation_name}); try again in a minute."
    return f"AWS refuses {error.operation_name}: {_sentence(message)} ({code})."


def _denial(operation: str, message: str) -> str:
    action = re.search(r"to perform:? ([\w-]+:\w+)", message)
    resource = re.search(r"on resource:? (\S+)", message)
    who = re.search(r"User:? (\S+)", message)
    return (
        f"{who[1] if who else 'The credentials'} may not {action[1] if action else operation}"
        f"{' on ' + resource[1] if resource else ''}; docs/operations.md lists what each command needs."
    )


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")


@contextmanager
def sentences() -> Generator[None]:
    """End the command with a sentence where something is wrong that a user can do something about."""
    try:
        yield
    except (OperationError, RolloutError, IdentityError) as error:
        fail(str(error))
    except (ClientError, BotoCoreError) as error:
        fail(explain(error))
