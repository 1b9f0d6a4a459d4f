"""A local AWS's load balancers: all listeners, connections and health checks run in one thread."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ...local_project.location import HOST, Target
from ...local_project.ports import PortBusyError, is_free
from ...shared.certificate_authority import Authority, server_context
from ..faults import Faults
from ..parts import TargetHealth
from .access_log import AccessLog
from .configuration import Configuration, Listener, LoadBalancer
from .health import NOT_IN_USE
from .health_checks import ChosenPath, HealthChecker
from .media_files import MediaFiles
from .ports import ListenerKey, PortFile, assign_ports
from .requests.application import Application, ListenerState, Page
from .requests.server import Loop, Server
from .requests.upstream import Pool
from .rules import matches
from .targets import DEREGISTRATION_LAG, TargetTable

_log = logging.getLogger("flask_on_aws.balancer")
# Seconds between reads of the configuration and checks for completed draining, which people wait for after each
# deployment; the reader itself caches the configuration.
_TICK_SECONDS = 0.25
# Seconds after a change during which the configuration is read this often, since the cache may be out of date.
_CHANGING_SECONDS = 3.0
_STOP_SECONDS = 10
_READ_FIX = (
    "Correct the last change to a load balancer, listener, rule or target group; "
    "until then, the previous configuration applies."
)


class Balancer:
    """Serves the load balancers of a configuration on this machine, and checks their targets' health.

    `configuration` is called every `tick` seconds and after each `wake`, in another thread; if it raises, the previous
    configuration applies.
    """

    def __init__(
        self,
        folder: Path,
        authority: Authority,
        configuration: Callable[[], Configuration],
        *,
        first_port: int = 8443,
        deregistration_lag: float = DEREGISTRATION_LAG,
        faults: Faults | None = None,
        tick: float = _TICK_SECONDS,
    ) -> None:
        self._folder, self._authority, self._read_configuration = folder, authority, configuration
        self._first_port, self._faults, self._tick = first_port, faults or Faults(folder), tick
        self._wake: Callable[[], None] = lambda: None
        self._port_file = PortFile(folder / "ports.json")
        self.targets = TargetTable(lag=deregistration_lag)
        self._health_checker = HealthChecker(self.targets, self._health_check_of, self._faults)
        self._configuration = Configuration()
        self._servers: dict[ListenerKey, Server] = {}
        self._problems: dict[ListenerKey, str] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._ports: dict[ListenerKey, int] = {}
        self._pages: dict[str, Page] = {}
        self._files: MediaFiles | None = None

    def serve_page(self, host: str, page: Page) -> None:
        """Serve requests for a host name with a function instead of the rules."""
        self._pages[host] = page

    def serve_files(self, files: MediaFiles) -> None:
        """Serve media files on all listeners, as a distribution in front of them does; called before `start`."""
        self._files = files

    def start(self) -> None:
        """Start serving; returns once the first configuration is applied, and raises if that fails."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run_in_thread, args=[ready], name="balancer", daemon=True)
        self._thread.start()
        ready.result()

    def stop(self) -> None:
        """Close all listeners and connections."""
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def wake(self) -> None:
        """Read the configuration at once: it may have changed."""
        self._wake()

    @property
    def ports(self) -> Mapping[ListenerKey, int]:
        """Ports on this machine, by the load balancer's ARN and the port in its records."""
        return dict(self._ports)

    @property
    def origins(self) -> set[str]:
        """The origins of the listeners' pages, exactly as browsers write them."""
        names = [
            "localhost",
            HOST,
            *(host for host in self._configuration.host_patterns() if not set(host) & set("*?")),
        ]
        servers = dict(self._servers).items()
        schemes = {self._ports[key]: "https" if server.is_encrypted else "http" for key, server in servers}
        return {f"{scheme}://{name.lower()}:{port}" for port, scheme in schemes.items() for name in names}

    @property
    def problems(self) -> list[str]:
        """Why listeners are not served, a sentence each; empty if all are."""
        return list(self._problems.values())

    @property
    def health_paths(self) -> dict[str, ChosenPath]:
        """By target group: the path on which its targets are checked, where they were searched for it."""
        return dict(self._health_checker.chosen)

    def register(self, target_group_arn: str, target: Target) -> None:
        """Start to check the target and, once it is healthy, to route to it."""
        self.targets.register(target_group_arn, target)

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Stop routing to the target after a moment, and remove it after the group's deregistration delay."""
        self.targets.deregister(target_group_arn, target)

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state; `unused` if it is not registered or no rule forwards to its group."""
        health = self.targets.health(target_group_arn, target)
        is_routed = target_group_arn in self._configuration.routed_groups()
        return health if is_routed or health.state == "draining" else NOT_IN_USE

    def group_health(self, target_group_arn: str) -> dict[Target, TargetHealth]:
        """The state of each target of the group."""
        targets = self.targets.group_health(target_group_arn)
        return {target: self.health(target_group_arn, target) for target in targets}

    def _run_in_thread(self, ready: Future[None]) -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(self._run(ready))

    async def _run(self, ready: Future[None]) -> None:
        loop, changed, self._stopping = asyncio.get_running_loop(), asyncio.Event(), False
        loop.set_exception_handler(_log_exception)
        self._wake = lambda: _call_in_loop(loop, changed.set)
        self.targets.on_change(self._wake)
        try:
            self._pool, self._access_log = Pool(), AccessLog(self._folder / "access.log", self._faults)
            self._context = server_context(self._authority, self._is_listener_host)
            self._ports = self._port_file.read()
            await self._reconcile()
        except Exception as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        changed_at = loop.time()
        try:
            while not self._stopping:
                is_changing = self.targets.has_draining() or loop.time() - changed_at < _CHANGING_SECONDS
                tick = min(self._tick, _TICK_SECONDS) if is_changing else self._tick
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), tick)
                if changed.is_set():
                    changed_at = loop.time()
                changed.clear()
                if not self._stopping:
                    await self._update()
        finally:
            await self._close()

    async def _update(self) -> None:
        # A failure may be temporary; listeners that work stay as they are.
        with self._faults.capture("bringing the load balancers up to date"):
            await self._reconcile()

    async def _reconcile(self) -> None:
        with self._faults.capture("reading the load balancers' configuration", fix=_READ_FIX):
            self._configuration = await asyncio.to_thread(self._read_configuration)
        self._health_checker.update()
        for registration in self.targets.remove_drained(self._deregistration_delay):
            self._pool.remove(registration)
        await self._update_servers()

    def _deregistration_delay(self, arn: str) -> float:
        group = self._configuration.target_group(arn)
        return group.deregistration_delay if group is not None else 0

    def _health_check_of(self, arn: str) -> Any:
        group = self._configuration.target_group(arn)
        return group.health_check if group is not None else None

    def _is_listener_host(self, name: str) -> bool:
        """Whether a rule has a host header condition that the name matches."""
        return any(
            matches(pattern, name, ignore_case=True)
            for pattern in self._configuration.host_patterns()
            if pattern != "*"
        )

    async def _update_servers(self) -> None:
        configured = {
            (balancer.arn, listener.port): (balancer, listener)
            for balancer in self._configuration.load_balancers
            for listener in balancer.listeners
        }
        ports = assign_ports(self._configuration, self._first_port, self._ports, is_free)
        if ports != self._ports:
            self._ports = ports
            self._port_file.write(ports)
        unchanged = {
            key: server
            for key, server in self._servers.items()
            if key in configured and server.port == ports[key] and _is_unchanged(server, *configured[key])
        }
        stopping = [server.stop() for key, server in self._servers.items() if key not in unchanged]
        self._servers = unchanged
        await asyncio.gather(*stopping)
        self._problems = {key: text for key, text in self._problems.items() if key in configured}
        for key in configured.keys() - self._servers.keys():
            self._serve(key, *configured[key])

    def _serve(self, key: ListenerKey, balancer: LoadBalancer, listener: Listener) -> None:
        application = Application(
            lambda: self._listener_state(key),
            self.targets,
            self._pool,
            self._access_log.write,
            self._pages,
            self._files,
        )
        context = self._context if _uses_tls(listener) else None
        try:
            self._servers[key] = Server(self._ports[key], application, context, balancer.idle_timeout)
            self._problems.pop(key, None)
        except PortBusyError as error:
            self._problems[key] = str(error)

    def _listener_state(self, key: ListenerKey) -> ListenerState | None:
        """The current state of a listener; None once it is deleted."""
        local_ports = {port: local_port for (arn, port), local_port in self._ports.items() if arn == key[0]}
        matching = (
            (balancer, listener)
            for balancer in self._configuration.load_balancers
            for listener in balancer.listeners
            if (balancer.arn, listener.port) == key
        )
        states = (ListenerState(self._configuration, *pair, local_ports) for pair in matching)
        return next(states, None)

    async def _close(self) -> None:
        await asyncio.gather(*[server.stop() for server in self._servers.values()])
        self._servers.clear()
        await self._health_checker.close()
        await self._pool.close()
        self._access_log.close()


def _uses_tls(listener: Listener) -> bool:
    return listener.protocol == "HTTPS" or listener.edge_headers is not None


def _is_unchanged(server: Server, balancer: LoadBalancer, listener: Listener) -> bool:
    is_same = server.idle_timeout == balancer.idle_timeout and server.is_encrypted == _uses_tls(listener)
    return is_same and not server.has_ended


def _call_in_loop(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


def _log_exception(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception of a connection, which ends only that connection, at debug level."""
    _log.debug("%s: %r", context.get("message"), context.get("exception"))
