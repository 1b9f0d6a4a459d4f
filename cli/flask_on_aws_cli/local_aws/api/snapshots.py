"""The API's records on disk, so that they outlive the daemon even when it is killed.

Each of moto's services is pickled into its own file: a call that changes something returns after its service's file has
been replaced, and its changes to other services are saved within a second. Replaying recorded calls, as moto can, would
give every resource a new id; one pickle of everything would take 50 ms per call, mostly for IAM's managed policies.
S3 objects are separate files, named by the hash of their content.

The pickles contain moto's private classes, so each file begins with a line that names its format and the version of
moto. A file of another version is never unpickled.
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
"""The activity of faults when files cannot be written."""
_PICKLING = "pickling the records"
_UNSUPPORTED_FIX = "Nothing to fix: this service's records last until the local AWS ends; store lasting data elsewhere."
_LOST_FIX = "Delete this service's latest resources, or move {} away and restart the local AWS to start over."
# Current names of modules that records refer to, by their names in files of version 0.1.
_MOVED = {
    "flask_on_aws_cli.local.parts": "flask_on_aws_cli.local_aws.parts",
    "flask_on_aws_cli.local.snapshots": __name__,
}
_FORMAT = 1  # to be raised when older files can no longer be read
_MOTO_VERSION = version("moto")
# The first line of a file; a pickle begins with byte 0x80. Files of version 0.1 have no such line.
_HEADER = re.compile(rb"flask-on-aws records, format (\d+), moto ([\w.+!-]+)\n")
_MOTO_VERSION_OF_0_1 = "5.2.5"
# Temporary files of `write_atomically` that a killed process leaves behind: mkstemp appends 8 characters.
_TEMPORARY_NAME = re.compile(r"\.(.+\.records|[0-9a-f]{64})\.[a-z0-9_]{8}")
# Megabytes of managed policies and instance types, or any number of log lines and objects: saved when they are called
# themselves, or with everything else a second later.
_LARGE_SERVICES = {"iam", "ec2", "logs", "cloudwatch", "s3"}
# In certificates, KMS keys and Cognito.
_PRIVATE_KEYS = (RSAPrivateKey, EllipticCurvePrivateKey)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class Snapshots:
    """The files of all records in a folder; the caller must prevent changes to the records during each call."""

    def __init__(self, folder: Path, region: str, faults: Faults) -> None:
        self._folder, self._faults = folder, faults
        # Global services use the partition `aws`, and CloudFront's resources are in us-east-1.
        self._regions = {region, "us-east-1", "aws"}
        self._objects = folder / "objects"
        self._objects.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # it contains secrets
        self._written: dict[Path, bytes] = {}
        self.lost: dict[str, str] = {}
        """Why records can no longer be saved, by file name without suffix: `service~account~region`."""

    def load(self) -> None:
        """Restore the saved records.

        Raises:
            ValueError: with a sentence for the user, if a file cannot be read or is of another version of moto; files
                of another version are neither unpickled nor changed.
        """
        contents = {path: self._pickle_content(path) for path in sorted(self._folder.glob("*.records"))}
        self._delete_temporary_files()
        for path, content in contents.items():
            service, account, region = path.name.removesuffix(".records").split("~")
            try:
                file_format, state = _Reader(content, self._objects).load()
            except Exception as error:
                raise ValueError(
                    f"The records in {path} cannot be read ({error}). Move the folder away to start over."
                ) from error
            if file_format != _FORMAT:
                raise ValueError(self._unreadable(path, f"have format {file_format}, and this version reads {_FORMAT}"))
            vars(_backend(service, account, region)).update(state)
        # The default VPC gets its ids on first access; saving keeps them from then on.
        for region in self._regions - {"aws"}:
            _backend("ec2", ACCOUNT_ID, region)
        self.save()

    def _pickle_content(self, path: Path) -> bytes:
        """The pickle in a file of this version."""
        content = path.read_bytes()
        header = _HEADER.match(content)
        file_format, moto_version = (int(header[1]), header[2].decode()) if header else (_FORMAT, _MOTO_VERSION_OF_0_1)
        if file_format != _FORMAT:
            raise ValueError(self._unreadable(path, f"have format {file_format}, and this version reads {_FORMAT}"))
        if moto_version != _MOTO_VERSION:
            raise ValueError(
                self._unreadable(path, f"were written with moto {moto_version}, and {_MOTO_VERSION} is installed")
            )
        return content[header.end() :] if header else content

    def _unreadable(self, path: Path, reason: str) -> str:
        parent = self._folder.parent
        return (
            f"The records in {path} {reason}: nothing was changed; install the flask-on-aws that wrote them, or "
            f"rename {parent} to keep its databases and files, and run `up` to start with an empty local AWS."
        )

    def _delete_temporary_files(self) -> None:
        """Delete temporary files of a process that was killed while writing."""
        for folder in (self._folder, self._objects):
            for path in folder.iterdir():
                if _TEMPORARY_NAME.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def save(self, called: str | None = None, only: Collection[str] | None = None) -> None:
        """Save what a call to a service may have changed; without a service, everything.

        Args:
            called: moto's name of the called service. Default: none.
            only: names of the services to save, when all others are unchanged. Default: all.
        """
        for name, account, region, backend in _backends():
            if only is not None and name not in only:
                continue
            if region in self._regions and (called in (None, name) or name not in _LARGE_SERVICES):
                with self._faults.capture(SAVING, f"{name} in {region}"):
                    self._save(name, self._folder / f"{name}~{account}~{region}.records", backend)

    def _save(self, service: str, path: Path, backend: BaseBackend) -> None:
        content = io.BytesIO(header := f"flask-on-aws records, format {_FORMAT}, moto {_MOTO_VERSION}\n".encode())
        content.seek(len(header))
        writer = _Writer(content, self._objects)
        try:
            writer.dump((_FORMAT, vars(backend)))
        except (TypeError, AttributeError, pickle.PicklingError, RecursionError) as error:
            self._report_unpicklable(service, path, error)
            return
        self._faults.clear(_PICKLING, path.stem)
        self.lost.pop(path.stem, None)
        digest = hashlib.sha256(content.getbuffer()).digest()
        if self._written.get(path) == digest:
            return
        write_atomically(path, content.getvalue())
        self._written[path] = digest
        if service == "s3":
            self._delete_objects_except(writer.objects)

    def _report_unpicklable(self, service: str, path: Path, error: Exception) -> None:
        """Some of moto's services cannot be pickled at all; of the others, the file is out of date from now on."""
        if not path.exists():
            self._faults.report(_PICKLING, path.stem, error, _UNSUPPORTED_FIX)
            return
        fix = _LOST_FIX.format(path)
        self._faults.report(_PICKLING, path.stem, error, fix)
        self.lost[path.stem] = f"the records of {service} cannot be written ({error}). {fix}"

    def _delete_objects_except(self, used: set[str]) -> None:
        for path in self._objects.iterdir():
            if path.name not in used:
                path.unlink()


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, objects: Path) -> None:
        super().__init__(file, protocol=5)
        self._folder = objects
        self.objects: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, BaseBackend):  # another service's, which is referred to by its name only
            identity = next((identity for *identity, backend in _backends() if backend is obj), None)
            return (_backend, tuple(identity)) if identity else NotImplemented
        if isinstance(obj, FakeKey):
            return self._reduce_object(obj)
        if isinstance(obj, ParameterDict):  # a dictionary whose constructor requires an account and a region
            return (ParameterDict, (obj.account_id, obj.region_name), vars(obj), None, iter(obj.items()))
        if isinstance(obj, _PRIVATE_KEYS):
            pkcs8, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            return (_private_key, (obj.private_bytes(serialization.Encoding.PEM, pkcs8, unencrypted),))
        if isinstance(obj, Certificate):
            return (_certificate, (obj.public_bytes(serialization.Encoding.PEM),))
        if isinstance(obj, _LOCKS):
            return (threading.RLock, ())
        # SSM's inventory is a defaultdict whose default factory is a lambda.
        if (
            isinstance(obj, FunctionType)
            and obj.__qualname__ == "SimpleSystemManagerBackend.__init__.<locals>.<lambda>"
        ):
            return (_nested, ())
        return NotImplemented

    def _reduce_object(self, key: Any) -> Any:
        state = {
            name: value
            for name, value in _attributes(key).items()
            if name not in ("_value_buffer", "lock", "local_digest")
        }
        # S3 objects are replaced, never changed, so each is read and written once.
        digest: str | None = getattr(key, "local_digest", None)
        if digest is None:
            content: bytes = b"" if key._value_buffer.closed else key.value
            digest = hashlib.sha256(content).hexdigest()
            if not (self._folder / digest).exists():
                write_atomically(self._folder / digest, content)
            key.local_digest = digest
        self.objects.add(digest)
        return (stored_object, (digest, state))


def stored_object(digest: str, state: dict[str, Any]) -> Any:
    """Represents an S3 object in a file; `_Reader`, which knows the folder, replaces this function."""
    raise NotImplementedError(f"{digest} of {state.get('name')} must be read by _Reader")


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, objects: Path) -> None:
        super().__init__(io.BytesIO(content))
        self._folder = objects

    def persistent_load(self, pid: Any) -> Any:  # of earlier versions, which called a function for each string
        return _backend(*pid[1:])

    def find_class(self, module: str, name: str) -> Any:
        module = _MOVED.get(module, module)
        if (module, name) == (__name__, stored_object.__name__):
            return self._read_object
        return super().find_class(module, name)

    def _read_object(self, digest: str, state: dict[str, Any]) -> Any:
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
    """Service, account, region and backend, from copies of the dictionaries: any access to a backend may create it."""
    services: list[Any] = list(vars(BackendDict)["_instances"])
    for service in services:
        for account, regions in list(service.items()):
            for region, backend in list(regions.items()):
                yield service.service_name, account, region, backend
