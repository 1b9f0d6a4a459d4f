"""Resource hooks: functions of the program, called through the gRPC server that it opens for them."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from ..model.errors import EngineError
from ..model.values import to_struct

# Pulumi's limit for a message: 400 MiB, for programs with large assets.
MESSAGE_OPTIONS = (
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    ("grpc.enable_http_proxy", 0),  # the connection never leaves this machine
)


@dataclass(frozen=True)
class HookArgs:
    """What a hook receives: the resource, and its inputs and outputs before and after the operation, if they exist."""

    urn: str
    id: str
    name: str
    type: str
    new_inputs: Mapping[str, Any] | None = None
    old_inputs: Mapping[str, Any] | None = None
    new_outputs: Mapping[str, Any] | None = None
    old_outputs: Mapping[str, Any] | None = None


class _Hook(NamedTuple):
    target: str
    token: str
    on_dry_run: bool
    ignore_errors: bool


class Hooks:
    """The hooks of one run of the program, by name."""

    def __init__(self, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._hooks: dict[str, _Hook] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def add(self, request: Any) -> None:
        """Register a hook, from a RegisterResourceHookRequest.

        Raises:
            EngineError: if a hook with this name is already registered.
        """
        with self._lock:
            if request.name in self._hooks:
                raise EngineError(
                    f"A resource hook named {request.name!r} is registered twice; give each a unique name."
                )
            callback = request.callback
            self._hooks[request.name] = _Hook(
                callback.target, callback.token, request.on_dry_run, request.ignore_errors
            )

    def run(self, kind: str, names: Sequence[str], hook_args: HookArgs) -> None:
        """Call hooks in order.

        Args:
            kind: `before create`, `after create` and so on.

        Raises:
            EngineError: if a hook is not registered, or fails and its errors are not ignored.
        """
        for name in names:
            hook = self._hooks.get(name)
            if hook is None:
                raise EngineError(
                    f"The {kind} hook {name!r} of {hook_args.type} {hook_args.name} is not registered by the program; "
                    "a resource with hooks can be deleted only while the program runs."
                )
            if self._dry_run and not hook.on_dry_run:
                continue
            error = self._call(hook, hook_args)
            if error and not hook.ignore_errors:
                raise EngineError(f"The {kind} hook {name!r} rejected {hook_args.type} {hook_args.name}: {error}")

    def close(self) -> None:
        """Close the connections to the program."""
        for channel in self._channels.values():
            channel.close()

    def _call(self, hook: _Hook, hook_args: HookArgs) -> str:
        properties = {
            key: to_struct(value)
            for key in ("new_inputs", "old_inputs", "new_outputs", "old_outputs")
            if (value := getattr(hook_args, key)) is not None
        }
        request = resource_pb2.ResourceHookRequest(
            urn=hook_args.urn, id=hook_args.id, name=hook_args.name, type=hook_args.type, **cast(Any, properties)
        )
        callback = callback_pb2.CallbackInvokeRequest(token=hook.token, request=request.SerializeToString())
        stub = cast(Any, callback_pb2_grpc.CallbacksStub)(self._channel(hook.target))
        try:
            response = stub.Invoke(callback)
        except grpc.RpcError as error:
            return str(cast(Any, error).details())
        return resource_pb2.ResourceHookResponse.FromString(response.response).error

    def _channel(self, target: str) -> grpc.Channel:
        with self._lock:
            if target not in self._channels:
                self._channels[target] = grpc.insecure_channel(target, options=MESSAGE_OPTIONS)
            return self._channels[target]
