"""The local certificate authority, and server contexts whose certificates it signs.

Trusting the certificate means trusting anyone who has its key, so only the owner can read the key, and it never leaves
the project's `.local-aws` folder. The `trustme` package is not suitable, because users add this authority to their
system's trust store: certificates by `trustme` may also sign code and authenticate clients, and its authorities are
valid from 2000 to 3000, which no argument changes.
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

# Ten years, longer than most projects are developed: users would have to trust a new authority.
_AUTHORITY_LIFETIME = timedelta(days=3650)
# The most that Apple's systems accept, 398 days including the first and the last: https://support.apple.com/en-us/102028
_SERVER_LIFETIME = timedelta(days=397)
# Clocks differ slightly, including those of containers.
_CLOCK_SKEW = timedelta(hours=1)


class Authority:
    """Signs server certificates; created in its folder on first use and reused from then on."""

    certificate_path: Path
    """PEM file of the certificate that clients have to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate_path, key_path = folder / "ca.pem", folder / "ca.key"
        # The key is written last: an authority that was only partly written has no key and is created again.
        if not (key_path.exists() and self.certificate_path.exists()):
            self._create(key_path)
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(
                f"{key_path} is not an elliptic curve key; delete it and {self.certificate_path}, then try again."
            )
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())

    def _create(self, key_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # The folder distinguishes the authorities of several projects in a system's list.
        subject = _name(f"flask-on-aws local CA ({key_path.parent.resolve()})"[:64])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            **dict.fromkeys(_UNUSED, False),
            key_encipherment=False,
        )
        builder = (
            _builder(subject, subject, key, key, _AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        write_atomically(self.certificate_path, _pem(builder.sign(key, hashes.SHA256())), 0o644)
        write_atomically(key_path, _key_pem(key), 0o600)

    def issue(self, names: Iterable[str]) -> tuple[bytes, bytes]:
        """A certificate for host names and addresses followed by the authority's, and its key, both in PEM."""
        subject_names = list(names)
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            key_encipherment=False,
            key_cert_sign=False,
            crl_sign=False,
            **dict.fromkeys(_UNUSED, False),
        )
        builder = (
            _builder(_name(subject_names[0][:64]), self._certificate.subject, key, self._key, _SERVER_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(map(_general_name, subject_names)), critical=False)
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
    authority_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now - _CLOCK_SKEW + lifetime)
        # Python 3.13 and OpenSSL's strict mode require both identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_identifier, critical=False)
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
    encoding, key_format = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, key_format, serialization.NoEncryption())


def server_context(authority: Authority, is_served: Callable[[str], bool]) -> ssl.SSLContext:
    """A server's TLS context (TLS 1.2 and 1.3) that issues a certificate for each name that clients request by SNI.

    A certificate for `*.localhost` would not work: OpenSSL rejects a wildcard directly below a top-level domain. Names
    for which `is_served` is false, and clients that send no name, get the certificate of localhost and its addresses.
    """

    @lru_cache(maxsize=256)  # a stack has a handful of names; this limits what a client that invents names can use up
    def context_for(name: str) -> ssl.SSLContext:
        return _context(authority, [name])

    default = _context(authority, ["localhost", "127.0.0.1", "::1"])

    def select_context(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None and name != "localhost" and (name.endswith(".localhost") or is_served(name)):
            connection.context = context_for(name.lower())

    default.sni_callback = select_context
    return default


def _context(authority: Authority, names: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Only forward secrecy and AEAD, as in the listener's policy (ELBSecurityPolicy-TLS13-1-2-Res).
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["h2", "http/1.1"])
    certificate, key = authority.issue(names)
    # The ssl module only reads files; only the owner can read this folder, which is deleted at once.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        write_atomically(path, certificate + key, 0o600)
        context.load_cert_chain(path)
    return context
