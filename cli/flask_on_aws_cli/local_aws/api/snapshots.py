"""The API's records on disk, so that they outlive the daemon, also when it is killed.

Each of moto's services is pickled into its own file: a call that changes something is answered after the file of its
service was replaced, and what it changed elsewhere follows within a second. Replaying recorded calls, as moto can,
would give every resource a new id; one pickle of all would take 50 ms a call, most of it for IAM's managed policies.
S3 objects are files beside them, named by their content.

A pickle is of moto's private classes, so each file begins with a line that names its format and the version of moto.
No file of another version is unpickled.
"""

import hashlib
import io
import pickle
import re
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import Certificate, load_pem_x509_certificate
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey
from moto.ssm.models import ParameterDict

from ...local_project.location import ACCOUNT_ID
from ...shared.atomic_files import write_atomically
from ..faults import Faults

SAVING = "saving the records"
"""The activity of what a disk refuses."""
_KEEPING = "keeping the records"
_NOT_KEPT = "Nothing to fix: this service's records last until the local AWS ends; keep what must stay elsewhere."
_LOST = "Delete what was made last of this service, or move {} away and restart the local AWS to begin anew."
# Modules of what records refer to, by their names in files of version 0.1.
_MOVED = {
    "flask_on_aws_cli.local.parts": "flask_on_aws_cli.local_aws.parts",
    "flask_on_aws_cli.local.snapshots": __name__,
}
_FORMAT = 1  # raise it when older files can no longer be read
_MOTO = version("moto")
# The first line of a file; a pickle begins with byte 0x80. Files of version 0.1 have no such line.
_HEADER = re.compile(rb"flask-on-aws records, format (\d+), moto ([\w.+!-]+)\n")
_MOTO_OF_0_1 = "5.2.5"
# The temporary files of `write_atomically`, which a kill leaves: mkstemp's names have 8 characters more.
_TEMPORARY = re.compile(r"\.(.+\.records|[0-9a-f]{64})\.[a-z0-9_]{8}")
# Megabytes of managed policies and instance types, or as many lines and objects as there are: saved when they are
# called themselves, and with all the rest a second later.
_LARGE = {"iam", "ec2", "logs", "cloudwatch", "s3"}
# Of certificates, and of keys in KMS and Cognito.
_PRIVATE_KEYS = (RSAPrivateKey, EllipticCurvePrivateKey)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class Snapshots:
    """Files of all records below a folder; the caller keeps others from changing the records meanwhile."""

    def __init__(self, folder: Path, region: str, faults: Faults) -> None:
        self._folder, self._faults = folder, faults
        # Global services are in the partition `aws`, and what CloudFront uses is in us-east-1.
        self._regions = {region, "us-east-1", "aws"}
        self._objects = folder / "objects"
        self._objects.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # secrets are in it
        self._written: dict[Path, bytes] = {}
        self.lost: dict[str, str] = {}
        """Files whose records can no longer be written, without ending, and why: `service~account~region`."""

    def load(self) -> None:
        """Put back what was saved.

        Raises:
            ValueError: with a sentence, if a file cannot be read or is of another version of moto; then nothing has
                been unpickled or changed.
        """
        contents = {path: self._content(path) for path in sorted(self._folder.glob("*.records"))}
        self._delete_temporary_files()
        for path, content in contents.items():
            service, account, region = path.name.removesuffix(".records").split("~")
            try:
                form, state = _Reader(content, self._objects).load()
            except Exception as broken:
                raise ValueError(
                    f"The records in {path} cannot be read ({broken}). Move the folder away to start anew."
                ) from broken
            if form != _FORMAT:
                raise ValueError(self._unreadable(path, f"have format {form}, and this version reads {_FORMAT}"))
            vars(_backend(service, account, region)).update(state)
        # The default network gets its ids when it is first looked at; they stay from then on.
        for region in self._regions - {"aws"}:
            _backend("ec2", ACCOUNT_ID, region)
        self.save()

    def _content(self, path: Path) -> bytes:
        """The pickle in a file of this version."""
        content = path.read_bytes()
        header = _HEADER.match(content)
        form, moto = (int(header[1]), header[2].decode()) if header else (_FORMAT, _MOTO_OF_0_1)
        if form != _FORMAT:
            raise ValueError(self._unreadable(path, f"have format {form}, and this version reads {_FORMAT}"))
        if moto != _MOTO:
            raise ValueError(self._unreadable(path, f"were written with moto {moto}, and {_MOTO} is installed"))
        return content[header.end() :] if header else content

    def _unreadable(self, path: Path, why: str) -> str:
        home = self._folder.parent
        return (
            f"The records in {path} {why}: nothing was changed; install the flask-on-aws that wrote them, or "
            f"rename {home} to keep its databases and files, and run `up` to start with an empty local AWS."
        )

    def _delete_temporary_files(self) -> None:
        """Those that a kill in the middle of writing has left."""
        for folder in (self._folder, self._objects):
            for path in folder.iterdir():
                if _TEMPORARY.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def save(self, called: str | None = None, only: Collection[str] | None = None) -> None:
        """Save what a call of a service may have changed, the service by its name in moto; without one, everything.

        Args:
            called: the service.
            only: services that there are, the others being on disk as they are. Default: all.
        """
        for name, account, region, backend in _backends():
            if only is not None and name not in only:
                continue
            if region in self._regions and (called in (None, name) or name not in _LARGE):
                with self._faults.kept(SAVING, f"{name} in {region}"):
                    self._save(name, self._folder / f"{name}~{account}~{region}.records", backend)

    def _save(self, service: str, path: Path, backend: BaseBackend) -> None:
        content = io.BytesIO(header := f"flask-on-aws records, format {_FORMAT}, moto {_MOTO}\n".encode())
        content.seek(len(header))
        writer = _Writer(content, self._objects)
        try:
            writer.dump((_FORMAT, vars(backend)))
        except (TypeError, AttributeError, pickle.PicklingError, RecursionError) as refusal:
            self._cannot_keep(service, path, refusal)
            return
        self._faults.clear(_KEEPING, path.stem)
        self.lost.pop(path.stem, None)
        digest = hashlib.sha256(content.getbuffer()).digest()
        if self._written.get(path) == digest:
            return
        write_atomically(path, content.getvalue())
        self._written[path] = digest
        if service == "s3":
            self._forget_objects(writer.objects)

    def _cannot_keep(self, service: str, path: Path, refusal: Exception) -> None:
        """Some of moto's services hold what no file can; of the others, what was on disk is out of date from now on."""
        if not path.exists():
            self._faults.report(_KEEPING, path.stem, refusal, _NOT_KEPT)
            return
        fix = _LOST.format(path)
        self._faults.report(_KEEPING, path.stem, refusal, fix)
        self.lost[path.stem] = f"the records of {service} cannot be written ({refusal}). {fix}"

    def _forget_objects(self, used: set[str]) -> None:
        for path in self._objects.iterdir():
            if path.name not in used:
                path.unlink()


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, objects: Path) -> None:
        super().__init__(file, protocol=5)
        self._folder = objects
        self.objects: set[str] = set()

    def persistent_id(self, obj: Any) -> Any:
        """Records of one service that know another service: only its name is written."""
        if not isinstance(obj, BaseBackend):
            return None
        found = next(((name, account, region) for name, account, region, one in _backends() if one is obj), None)
        return ("backend", *found) if found else None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FakeKey):
            return self._object(obj)
        if isinstance(obj, ParameterDict):  # a dictionary that is made of an account and a region
            return (ParameterDict, (obj.account_id, obj.region_name), vars(obj), None, iter(obj.items()))
        if isinstance(obj, _PRIVATE_KEYS):
            form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            return (_private_key, (obj.private_bytes(serialization.Encoding.PEM, form, plain),))
        if isinstance(obj, Certificate):
            return (_certificate, (obj.public_bytes(serialization.Encoding.PEM),))
        if isinstance(obj, _LOCKS):
            return (threading.RLock, ())
        # SSM's inventory is a dictionary whose default is a nameless function.
        if (
            isinstance(obj, FunctionType)
            and obj.__qualname__ == "SimpleSystemManagerBackend.__init__.<locals>.<lambda>"
        ):
            return (_nested, ())
        return NotImplemented

    def _object(self, key: Any) -> Any:
        state = {
            name: value
            for name, value in _attributes(key).items()
            if name not in ("_value_buffer", "lock", "local_digest")
        }
        # S3's objects are replaced, never changed, so each is read and written once.
        digest: str | None = getattr(key, "local_digest", None)
        if digest is None:
            value: bytes = b"" if key._value_buffer.closed else key.value
            digest = hashlib.sha256(value).hexdigest()
            if not (self._folder / digest).exists():
                write_atomically(self._folder / digest, value)
            key.local_digest = digest
        self.objects.add(digest)
        return (stored_object, (digest, state))


def stored_object(digest: str, state: dict[str, Any]) -> Any:
    """Stands in a file for an S3 object; the reader, who knows the folder, has its own."""
    raise NotImplementedError(f"{digest} of {state.get('name')} is read by _Reader alone")


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, objects: Path) -> None:
        super().__init__(io.BytesIO(content))
        self._folder = objects

    def persistent_load(self, pid: Any) -> Any:
        return _backend(*pid[1:])

    def find_class(self, module: str, name: str) -> Any:
        module = _MOVED.get(module, module)
        if (module, name) == (__name__, stored_object.__name__):
            return self._object
        return super().find_class(module, name)

    def _object(self, digest: str, state: dict[str, Any]) -> Any:
        key: Any = FakeKey.__new__(FakeKey)
        key.__setstate__({**state, "value": (self._folder / digest).read_bytes()})
        key.local_digest = digest
        return key


def _attributes(key: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = cast(Any, vars)(key)
    return attributes


def _private_key(pem: bytes) -> Any:
    return serialization.load_pem_private_key(pem, None)


def _certificate(pem: bytes) -> Certificate:
    return load_pem_x509_certificate(pem)


def _nested() -> Any:
    return _new_nested


def _new_nested() -> defaultdict[str, dict[str, Any]]:
    return defaultdict(dict)


def _backend(service: str, account: str, region: str) -> BaseBackend:
    return cast(Any, get_backend(cast(Any, service)))[account][region]


def _backends() -> Iterator[tuple[str, str, str, BaseBackend]]:
    used: list[Any] = list(vars(BackendDict)["_instances"])
    for service in used:
        for account, region, backend in service.iter_backends():
            yield service.service_name, account, region, backend
