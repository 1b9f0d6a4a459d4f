"""The handshake of a session: the agent says what kind of session it is, and may request encryption."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .encryption import SessionCipher, client_cipher
from .errors import SessionError

CLIENT_VERSION = "1.3.0.0"
"""The version of AWS's client whose protocol this package speaks; the agent offers features by it."""
COMMAND_SESSIONS = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands")
"""Types of the sessions that are a terminal."""
PORT_SESSION = "Port"
_DONE, _FAILED, _UNSUPPORTED = 1, 2, 3
# Since this version of the agent, several connections fit into one session, and it ends sessions that are idle.
_OLDEST_AGENT = (3, 1, 1511, 0)

CreateDataKey = Callable[[str], tuple[bytes, bytes]]
"""A KMS key's ARN → a new data key, in plain text and encrypted."""


class Handshake(NamedTuple):
    """What the agent requested, and the answer to it."""

    agent_version: str
    session_type: str
    cipher: SessionCipher | None
    answer: bytes


def answer_handshake(payload: bytes, create_data_key: CreateDataKey) -> Handshake:
    """Carry out what the agent requests.

    Raises:
        SessionError: if the agent requests something that this client does not know, or the data key is not created.
    """
    request = json.loads(payload)
    session_type, cipher = "", None
    processed: list[dict[str, Any]] = []
    errors: list[str] = []
    for action in request.get("RequestedClientActions") or ():
        name: str = action["ActionType"]
        parameters: Mapping[str, Any] = action.get("ActionParameters") or {}
        result: dict[str, Any] = {"ActionType": name, "ActionStatus": _DONE, "ActionResult": None, "Error": ""}
        if name == "SessionType":
            session_type = str(parameters["SessionType"])
            if session_type not in (*COMMAND_SESSIONS, PORT_SESSION):
                errors.append(f"Unknown session type {session_type}")
                result |= {"ActionStatus": _FAILED, "Error": errors[-1]}
        elif name == "KMSEncryption":
            plain, encrypted = create_data_key(parameters["KMSKeyId"])
            cipher = client_cipher(plain)
            result["ActionResult"] = {
                "KMSCipherTextKey": base64.b64encode(encrypted).decode(),
                "KMSCipherTextHash": None,
            }
        else:
            errors.append(f"Unsupported action {name}")
            result |= {"ActionStatus": _UNSUPPORTED, "Error": errors[-1]}
        processed.append(result)
    answer = {"ClientVersion": CLIENT_VERSION, "ProcessedClientActions": processed, "Errors": errors or None}
    version = str(request.get("AgentVersion", ""))
    if errors:
        raise SessionError(
            f"The task's SSM agent {version} requests what this client does not know: {'; '.join(errors)}"
        )
    return Handshake(version, session_type, cipher, json.dumps(answer).encode())


def answer_challenge(payload: bytes, cipher: SessionCipher | None) -> bytes:
    """The answer to the agent's test of the encryption: the same data, encrypted with the client's key.

    Raises:
        SessionError: if no encryption was agreed upon.
    """
    if cipher is None:
        raise SessionError("The task's SSM agent tests an encryption that it has not requested")
    challenge = cipher.decrypt(base64.b64decode(json.loads(payload)["Challenge"]))
    return json.dumps({"Challenge": base64.b64encode(cipher.encrypt(challenge)).decode()}).encode()


def check_agent_forwards(version: str) -> None:
    """Raises `SessionError` for an agent that is too old to forward several connections."""
    try:
        numbers = tuple(int(part) for part in version.split("."))
    except ValueError:
        numbers = ()
    if numbers <= _OLDEST_AGENT:
        oldest = ".".join(map(str, _OLDEST_AGENT))
        raise SessionError(
            f"The task's SSM agent {version or '(unknown version)'} is too old to forward a port (needed: after "
            f"{oldest}); deploy the stack again, since Fargate gives new tasks a current agent"
        )
