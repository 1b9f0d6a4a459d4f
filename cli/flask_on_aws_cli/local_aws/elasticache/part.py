"""The caches of a local AWS: a part that keeps a server for each replication group in the API's records."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from ...cache_server.server import ENDPOINT, CacheServer, NoCacheServerError
from ...local_project.ports import free_port
from ...shared.atomic_files import write_atomically
from ...shared.certificate_authority import Authority
from ..api.record_values import CacheRecord
from ..api.records import Records
from ..faults import Faults
from ..loops import Loop

# Seconds between rounds; a start takes a tenth of a second.
_ROUND_SECONDS = 0.5
_ACTIVITY = "keeping caches running"
_FIX = "See its server.log in .local-aws/elasticache; it is retried every half second."
_NO_SERVER_FIX = "The rest of the stack runs; restart the app's tasks once a server is installed."


class Caches:
    """Real servers for replication groups: each round brings them into the state that the records describe."""

    def __init__(self, folder: Path, authority: Authority, records: Records, faults: Faults | None = None) -> None:
        self._folder, self._authority, self._records = folder, authority, records
        self._faults = faults or Faults(folder)
        self._servers: dict[str, CacheServer] = {}
        self._applied: dict[str, CacheRecord] = {}
        self._loop: Loop | None = None

    def start(self) -> None:
        """Start the servers, and from then on keep them running."""
        self._loop = Loop(_ACTIVITY, self.update, _ROUND_SECONDS, self._faults)
        self._loop.start()

    def stop(self) -> None:
        """Stop all servers; their data is kept."""
        if self._loop is not None:
            self._loop.stop()
        for server in self._servers.values():
            server.stop()
        self._servers, self._applied = {}, {}

    def ports(self) -> Mapping[str, int]:
        """The port of each server, by its replication group."""
        return {name: server.port for name, server in list(self._servers.items()) if server.is_running}

    def update(self) -> None:
        """Bring all servers into the state that the records describe."""
        records = {record.id: record for record in self._records.caches()}
        for name in self._servers.keys() - records.keys():
            self._servers.pop(name).stop()
            self._applied.pop(name, None)
            shutil.rmtree(self._folder / name, ignore_errors=True)
        self._faults.forget(_ACTIVITY, records)
        for name, record in records.items():
            try:
                self._keep(record)
            except NoCacheServerError as error:
                self._faults.report(_ACTIVITY, name, error, _NO_SERVER_FIX)
                self._report_without_server(record)
            except Exception as error:
                self._faults.report(_ACTIVITY, name, error, _FIX)
                self._records.write_cache(name, "create-failed")
            else:
                self._faults.clear(_ACTIVITY, name)

    def _keep(self, record: CacheRecord) -> None:
        server = self._servers.setdefault(record.id, CacheServer(self._folder / record.id, self._authority))
        if server.is_running and self._applied.get(record.id) != record:
            server.stop()  # a new token or eviction policy; clients connect again
        if not server.is_running:
            server.start(server.port or self._port(record.id), record.tokens, record.eviction_policy)
            write_atomically(self._port_file(record.id), json.dumps({"port": server.port}))
            self._applied[record.id] = record
        self._records.write_cache(record.id, "available", ENDPOINT, server.port)

    def _report_without_server(self, record: CacheRecord) -> None:
        """An address at which nothing listens: the stack goes up, and the app fails as if the cache were down."""
        port = self._port(record.id) or free_port()
        self._port_file(record.id).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._port_file(record.id), json.dumps({"port": port}))
        self._records.write_cache(record.id, "available", ENDPOINT, port)

    def _port_file(self, name: str) -> Path:
        return self._folder / name / "port.json"

    def _port(self, name: str) -> int:
        """The port that an earlier daemon used, which the app's secret contains; 0 for none."""
        try:
            return int(json.loads(self._port_file(name).read_text())["port"])
        except (OSError, ValueError, LookupError, TypeError):
            return 0
