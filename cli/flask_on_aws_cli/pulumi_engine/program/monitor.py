"""The two gRPC services that a program calls: the resource monitor and the engine, in Pulumi's protocol.

This module only decodes requests and encodes responses; a `Handler` decides what each request does.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, cast
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from ..model.errors import EngineError
from ..model.graph import STACK_TYPE, Options, Resource, make_urn
from ..model.values import from_struct, to_struct
from .hooks import Hooks

# The features supported here. Without alias specs the SDK itself computes the URNs of aliases, inherited ones included;
# without output values it sends the dependencies of properties separately.
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
)
_HOOK_KINDS = ("before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete")
# Files of packages, of Python, and of this engine, which runs the program.
_INSTALLED = re.compile(r"/(?:site|dist)-packages/|/lib/python\d[^/]*/|/pulumi_engine/program/")
_SEVERITIES = {engine_pb2.DEBUG: "debug", engine_pb2.INFO: "info", engine_pb2.WARNING: "warning"}


@dataclass(frozen=True)
class RegistrationResult:
    """The response to a registration: the id, and the outputs that are known."""

    id: str
    """Empty if it is not known yet."""
    outputs: Mapping[str, Any]


class Handler(Protocol):
    """Decides what each request of the program does. Its methods are called from several threads at once."""

    def register(self, resource: Resource) -> RegistrationResult:
        """Register a component or a custom resource."""
        ...

    def read(self, resource: Resource, resource_id: str) -> RegistrationResult:
        """Read a resource that exists outside the program."""
        ...

    def invoke(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Answer a data source, such as `aws:index/getRegion:getRegion`; None if the answer is not known yet."""
        ...

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        """Receive the outputs of a component or of the stack."""
        ...

    def finish(self) -> None:
        """Called when the program has registered everything; it waits, with its hooks, until this returns."""
        ...


Log = Callable[[str, str], None]
"""Receives a message of the program: severity (debug, info, warning, error) and text."""


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """The resource monitor of one run. `failure` is the first error that it responded with."""

    def __init__(self, project: str, stack: str, handler: Handler, hooks: Hooks) -> None:
        self._project, self._stack, self._handler, self._hooks = project, stack, handler, hooks
        self._lock = threading.Lock()
        self.failure: Exception | None = None

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        return resource_pb2.DeploymentInfo(project=self._project, stack=self._stack, supportedFeatures=_FEATURES)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        def respond() -> Any:
            if request.remote:
                raise EngineError(
                    f"{request.type} {request.name} is a component of a plugin; this engine runs only components that "
                    "the program itself defines."
                )
            resource = self._resource(request)
            result = self._handler.register(resource)
            outputs = to_struct(result.outputs)
            return resource_pb2.RegisterResourceResponse(urn=resource.urn, id=result.id, object=outputs)

        return self._respond(context, respond)

    def ReadResource(self, request: Any, context: Any) -> Any:
        def respond() -> Any:
            if request.type == "pulumi:pulumi:StackReference":
                raise EngineError(
                    f"The outputs of the stack {request.name} are stored in Pulumi's backend, which this engine does "
                    "not read; pass the values that the program needs as configuration."
                )
            urn = make_urn(self._stack, self._project, request.parent, request.type, request.name)
            inputs, dependencies = from_struct(request.properties), list(request.dependencies)
            resource = Resource(urn, request.type, request.name, request.parent, True, inputs, dependencies)
            result = self._handler.read(resource, request.id)
            return resource_pb2.ReadResourceResponse(urn=urn, id=result.id, properties=to_struct(result.outputs))

        return self._respond(context, respond)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        self._respond(context, lambda: self._handler.outputs(request.urn, from_struct(request.outputs)))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        def respond() -> Any:
            answer = self._handler.invoke(request.tok, from_struct(request.args))
            fields: dict[str, Any] = {"unknown": True} if answer is None else {"return": to_struct(answer)}
            return resource_pb2.ResourceInvokeResponse(**fields)

        # A program may catch the error of a data source that finds nothing, so it does not fail the run.
        return self._respond(context, respond, fatal=False)

    def Call(self, request: Any, context: Any) -> Any:
        def respond() -> NoReturn:
            raise EngineError(f"{request.tok} is a method of a plugin's component; this engine runs no plugins.")

        return self._respond(context, respond)

    def RegisterResourceHook(self, request: Any, context: Any) -> Any:
        self._respond(context, lambda: self._hooks.add(request))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        self._respond(context, self._handler.finish)
        return empty_pb2.Empty()

    def _resource(self, request: Any) -> Resource:
        urn = make_urn(self._stack, self._project, request.parent, request.type, request.name)
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent="" if request.type == STACK_TYPE else request.parent,
            custom=request.custom,
            inputs=from_struct(request.object),
            dependencies=list(request.dependencies),
            property_dependencies={
                key: list(dependencies.urns) for key, dependencies in request.propertyDependencies.items()
            },
            options=_options(request),
            provider=request.provider.rpartition("::")[0],  # URN::ID
            calls=_calls(request),
        )

    def _respond(self, context: Any, respond: Callable[[], Any], fatal: bool = True) -> Any:
        try:
            return respond()
        except Exception as error:
            with self._lock:
                if fatal and self.failure is None:
                    self.failure = error
            context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _options(request: Any) -> Options:
    hooks: dict[str, Sequence[str]] = {kind: list(getattr(request.hooks, kind)) for kind in _HOOK_KINDS}
    return Options(
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        aliases=list(request.aliasURNs),
        deleted_with=request.deletedWith,
        import_id=request.importId,
        additional_secret_outputs=list(request.additionalSecretOutputs),
        hooks={kind: names for kind, names in hooks.items() if names},
    )


def _calls(request: Any) -> list[tuple[str, int]]:
    """The calls in files of the program itself."""
    positions = [frame.pc for frame in request.stackTrace.frames if frame.pc.uri.startswith("file://")]
    calls = [(unquote(urlsplit(str(position.uri)).path), int(position.line)) for position in positions]
    return [(file, line) for file, line in calls if not _INSTALLED.search(file)]


class Engine(engine_pb2_grpc.EngineServicer):
    """The engine service of one run, which receives the program's messages. Those in `errors` fail the run."""

    def __init__(self, log: Log) -> None:
        self._log, self._root = log, ""
        self.errors: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:
        severity = _SEVERITIES.get(request.severity, "error")
        if severity == "error":
            self.errors.append(request.message.strip())
        else:
            self._log(severity, request.message.strip())
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:
        """Accepts every requirement: the protocol is that of the installed SDK."""
        return engine_pb2.RequirePulumiVersionResponse()


def serve(server: grpc.Server, monitor: Monitor, engine: Engine) -> None:
    """Add both services to a server."""
    # Pulumi's generated functions have no annotations.
    cast(Any, resource_pb2_grpc).add_ResourceMonitorServicer_to_server(monitor, server)
    cast(Any, engine_pb2_grpc).add_EngineServicer_to_server(engine, server)
