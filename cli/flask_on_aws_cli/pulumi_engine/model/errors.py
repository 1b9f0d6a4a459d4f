"""What goes wrong, as sentences for the person at the command line."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError


class EngineError(Exception):
    """One or more whole sentences: what failed, for which resource, and the way out where there is one."""


@contextmanager
def explained(label: str, done: str) -> Generator[None]:
    """Turn an error of an operation into a sentence that names the resource.

    Args:
        label: type and name of the resource.
        done: what the operation was to do: created, updated, deleted.

    Raises:
        EngineError: with AWS's own message.
    """
    try:
        yield
    except ClientError as error:
        details: dict[str, str] = cast(Any, error).response.get("Error", {})
        message = f"{details.get('Message') or 'AWS says no more'} ({details.get('Code', 'no code')})"
        raise EngineError(f"{label} could not be {done}: {message}") from error
    except KeyError as error:
        raise EngineError(f"{label} could not be {done}: its property {error} is missing.") from error
    except (BotoCoreError, TimeoutError, ValueError) as error:
        raise EngineError(f"{label} could not be {done}: {error}") from error
