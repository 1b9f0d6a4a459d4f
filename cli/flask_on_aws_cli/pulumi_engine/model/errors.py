"""The engine's errors, as sentences for the person at the command line."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast


class EngineError(Exception):
    """One or more complete sentences: what failed, for which resource, and the fix where there is one."""


@contextmanager
def explain_errors(label: str, participle: str) -> Generator[None]:
    """Turn an error raised by an operation into a sentence that names the resource.

    Args:
        label: type and name of the resource.
        participle: the operation, as in "could not be created": created, updated, deleted.

    Raises:
        EngineError: with AWS's own message.
    """
    # Evaluating a program raises none of AWS's errors, and works where botocore is not installed.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        details: dict[str, str] = cast(Any, error).response.get("Error", {})
        message = f"{details.get('Message') or 'AWS reported no reason'} ({details.get('Code', 'no code')})"
        raise EngineError(f"{label} could not be {participle}: {message}") from error
    except KeyError as error:
        raise EngineError(f"{label} could not be {participle}: its property {error} is missing.") from error
    except (BotoCoreError, TimeoutError, ValueError) as error:
        raise EngineError(f"{label} could not be {participle}: {error}") from error
