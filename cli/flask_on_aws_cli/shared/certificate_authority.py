"""The local certificate authority, and server contexts whose certificates it signs.

Whoever trusts its certificate trusts whoever holds its key: the key is readable by its owner alone and never leaves the
place's folder. `trustme` does not do: people add this authority to their system's trust store, and its certificates may
sign code and log clients in as well, and its authorities are valid from 2000 to 3000, which no argument changes.
"""

import ssl
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .atomic_files import write_atomically

# As long as a project is worked on; a new one would have to be trusted again.
_AUTHORITY_LIFETIME = timedelta(days=3650)
# The most that Apple's systems take, 398 days with the first and the last: https://support.apple.com/en-us/102028
_SERVER_LIFETIME = timedelta(days=397)
# Clocks differ a little, also from a container's.
_EARLIER = timedelta(hours=1)


class Authority:
    """Signs server certificates; made in its folder on first use, and the same ever after."""

    certificate_path: Path
    """PEM file of the certificate that clients are to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate_path, key_path = folder / "ca.pem", folder / "ca.key"
        # The key is written last: without it a half-made authority is made anew.
        if not (key_path.exists() and self.certificate_path.exists()):
            self._create(key_path)
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key_path} is not a key of this tool's kind; delete it and {self.certificate_path}.")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())

    def _create(self, key_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # The folder tells the authorities of several projects apart in a system's list.
        name = _name(f"flask-on-aws local CA ({key_path.parent.resolve()})"[:64])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            **dict.fromkeys(_UNUSED, False),
            key_encipherment=False,
        )
        builder = (
            _builder(name, name, key, key, _AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        write_atomically(self.certificate_path, _pem(builder.sign(key, hashes.SHA256())), 0o644)
        write_atomically(key_path, _key_pem(key), 0o600)

    def issue(self, names: Iterable[str]) -> tuple[bytes, bytes]:
        """A certificate for host names and addresses with the authority's behind it, and its key, both PEM."""
        wanted = list(names)
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            key_encipherment=False,
            key_cert_sign=False,
            crl_sign=False,
            **dict.fromkeys(_UNUSED, False),
        )
        builder = (
            _builder(_name(wanted[0][:64]), self._certificate.subject, key, self._key, _SERVER_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in wanted]), critical=False)
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return _pem(certificate) + _pem(self._certificate), _key_pem(key)


_UNUSED = ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now - _EARLIER + lifetime)
        # Python 3.13 and OpenSSL's strict mode ask for both identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issued_by, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def server_context(authority: Authority, knows: Callable[[str], bool]) -> ssl.SSLContext:
    """A server's TLS context, TLS 1.2 and 1.3, whose certificate is made for the very name that a client asks for.

    One for `*.localhost` would not do: OpenSSL takes no wildcard right below a top level domain. Names for which
    `knows` is false, and clients without a name, get the certificate of localhost and its addresses.
    """

    @lru_cache(maxsize=256)  # names of one stack are a handful; a client that makes up names costs no more than this
    def named(name: str) -> ssl.SSLContext:
        return _context(authority, [name])

    default = _context(authority, ["localhost", "127.0.0.1", "::1"])

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None and name != "localhost" and (name.endswith(".localhost") or knows(name)):
            connection.context = named(name.lower())

    default.sni_callback = choose
    return default


def _context(authority: Authority, names: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Forward secrecy and AEAD alone, as the listener's policy (ELBSecurityPolicy-TLS13-1-2-Res) has it.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["h2", "http/1.1"])
    certificate, key = authority.issue(names)
    # The ssl module reads files alone; the folder is its owner's, and gone at once.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        write_atomically(path, certificate + key, 0o600)
        context.load_cert_chain(path)
    return context
