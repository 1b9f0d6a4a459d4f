"""The load balancers of a place: a part with one thread, in which all listeners, connections and health checks live."""

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
from .health_checks import Probes
from .ports import Key, PortBook, assign_ports
from .requests.application import Application, Front, Page
from .requests.server import Loop, Server
from .requests.upstream import Pool
from .rules import matches
from .targets import DEREGISTRATION_LAG, TargetTable

_log = logging.getLogger("flask_on_aws.balancer")
# How often the configuration is asked for and ended drains are noticed; people wait for it after each deployment, and
# the provider keeps what it has read for as long as reading costs something.
_TICK_SECONDS = 0.25
# So long after a change it is asked as often, since the provider may still have said what was before.
_MOVING_SECONDS = 3.0
_STOP_SECONDS = 10
_READ = "Correct the last change of a load balancer, listener, rule or target group: what was known before goes on."


class Balancer:
    """Serves the load balancers of a configuration on this machine, and knows their targets' health.

    `configuration` is asked every `tick` seconds and after each `wake`, in another thread, and may raise: then what was
    known goes on.
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
        self._folder, self._authority, self._provide = folder, authority, configuration
        self._first_port, self._faults, self._tick = first_port, faults or Faults(folder), tick
        self._wake: Callable[[], None] = lambda: None
        self._book = PortBook(folder / "ports.json")
        self.targets = TargetTable(lag=deregistration_lag)
        self._known = Configuration()
        self._servers: dict[Key, Server] = {}
        self._problems: dict[Key, str] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._ports: dict[Key, int] = {}
        self._own: dict[str, Page] = {}

    def show(self, host: str, page: Page) -> None:
        """Answer requests for a host name by a function, and not by the rules."""
        self._own[host] = page

    def start(self) -> None:
        """Take up the work; returns once the first configuration was applied, or raises why it could not be."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._work, args=[ready], name="balancer", daemon=True)
        self._thread.start()
        ready.result()

    def stop(self) -> None:
        """Close all listeners and connections."""
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def wake(self) -> None:
        """Look at the configuration at once: it may have changed."""
        self._wake()

    @property
    def ports(self) -> Mapping[Key, int]:
        """Ports on this machine, by the load balancer's ARN and the port in its records."""
        return dict(self._ports)

    @property
    def origins(self) -> set[str]:
        """Where browsers find what the listeners serve, scheme, host and port as they write them in an origin."""
        names = ["localhost", HOST, *(host for host in self._known.hosts() if not set(host) & set("*?"))]
        serving = {self._ports[key]: "https" if one.encrypted else "http" for key, one in dict(self._servers).items()}
        return {f"{scheme}://{name.lower()}:{port}" for port, scheme in serving.items() for name in names}

    @property
    def problems(self) -> list[str]:
        """Why a listener does not answer, a sentence each; empty when all do."""
        return list(self._problems.values())

    def register(self, target_group_arn: str, target: Target) -> None:
        """Start to probe and, once it is healthy, to route to the target."""
        self.targets.register(target_group_arn, target)

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Send it no new request after a moment, and forget it after the group's deregistration delay."""
        self.targets.deregister(target_group_arn, target)

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state; `unused` when it is not registered, or no rule forwards to its group."""
        found = self.targets.health(target_group_arn, target)
        return found if target_group_arn in self._known.routed_groups() or found.state == "draining" else NOT_IN_USE

    def group_health(self, target_group_arn: str) -> dict[Target, TargetHealth]:
        """The state of each target of the group."""
        found = self.targets.group_health(target_group_arn)
        return {target: self.health(target_group_arn, target) for target in found}

    def _work(self, ready: Future[None]) -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(self._run(ready))

    async def _run(self, ready: Future[None]) -> None:
        loop, changed, self._stopping = asyncio.get_running_loop(), asyncio.Event(), False
        loop.set_exception_handler(_note)
        self._wake = lambda: _call(loop, changed.set)
        self.targets.on_change(self._wake)
        try:
            self._pool, self._access = Pool(), AccessLog(self._folder / "access.log", self._faults)
            self._context = server_context(self._authority, self._knows)
            self._probes = Probes(self.targets, self._check_of, self._faults)
            self._ports = self._book.read()
            await self._reconcile()
        except Exception as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        moved_at = loop.time()
        try:
            while not self._stopping:
                is_moving = self.targets.any_draining() or loop.time() - moved_at < _MOVING_SECONDS
                tick = min(self._tick, _TICK_SECONDS) if is_moving else self._tick
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), tick)
                if changed.is_set():
                    moved_at = loop.time()
                changed.clear()
                if not self._stopping:
                    await self._keep_up()
        finally:
            await self._close()

    async def _keep_up(self) -> None:
        # Whatever fails may be over in a moment; the listeners that answer go on.
        with self._faults.kept("bringing the load balancers up to date"):
            await self._reconcile()

    async def _reconcile(self) -> None:
        with self._faults.kept("reading the load balancers' configuration", fix=_READ):
            self._known = await asyncio.to_thread(self._provide)
        self._probes.adjust()
        for gone in self.targets.expire(self._delay):
            self._pool.forget(gone)
        await self._adjust_servers()

    def _delay(self, arn: str) -> float:
        group = self._known.target_group(arn)
        return group.deregistration_delay if group is not None else 0

    def _check_of(self, arn: str) -> Any:
        group = self._known.target_group(arn)
        return group.health_check if group is not None else None

    def _knows(self, name: str) -> bool:
        """Whether the name is one for which some rule has a host condition."""
        return any(matches(pattern, name, ignore_case=True) for pattern in self._known.hosts() if pattern != "*")

    async def _adjust_servers(self) -> None:
        wanted = {(b.arn, one.port): (b, one) for b in self._known.load_balancers for one in b.listeners}
        ports = assign_ports(self._known, self._first_port, self._ports, is_free)
        if ports != self._ports:
            self._ports = ports
            self._book.write(ports)
        kept = {
            key: one
            for key, one in self._servers.items()
            if key in wanted and one.port == ports[key] and _serves(one, *wanted[key])
        }
        ending = [one.stop() for key, one in self._servers.items() if key not in kept]
        self._servers = kept
        await asyncio.gather(*ending)
        self._problems = {key: text for key, text in self._problems.items() if key in wanted}
        for key in wanted.keys() - self._servers.keys():
            self._serve(key, *wanted[key])

    def _serve(self, key: Key, balancer: LoadBalancer, listener: Listener) -> None:
        application = Application(lambda: self._front(key), self.targets, self._pool, self._access.write, self._own)
        context = self._context if _encrypted(listener) else None
        try:
            self._servers[key] = Server(self._ports[key], application, context, balancer.idle_timeout)
            self._problems.pop(key, None)
        except PortBusyError as busy:
            self._problems[key] = str(busy)

    def _front(self, key: Key) -> Front | None:
        """The listener as it is now; None once it is deleted."""
        local = {number: here for (owner, number), here in self._ports.items() if owner == key[0]}
        found = ((b, one) for b in self._known.load_balancers for one in b.listeners if (b.arn, one.port) == key)
        return next((Front(self._known, balancer, listener, local) for balancer, listener in found), None)

    async def _close(self) -> None:
        await asyncio.gather(*[server.stop() for server in self._servers.values()])
        self._servers.clear()
        await self._probes.close()
        await self._pool.close()
        self._access.close()


def _encrypted(listener: Listener) -> bool:
    return listener.protocol == "HTTPS" or listener.edge_headers is not None


def _serves(server: Server, balancer: LoadBalancer, listener: Listener) -> bool:
    same = server.idle_timeout == balancer.idle_timeout and server.encrypted == _encrypted(listener)
    return same and not server.ended


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong on one connection is the connection's end, and not worth more than a line to those who look."""
    _log.debug("%s: %r", context.get("message"), context.get("exception"))
