"""Files next to the CA certificates by which the drivers of SQL Server verify its certificate.

A URL can name a CA to none of them. FreeTDS, which pymssql contains, reads a configuration file, and Microsoft's driver uses
OpenSSL's trusted certificates: the file in SSL_CERT_FILE, which therefore has the image's own roots as well.
"""

from urllib.parse import unquote_plus

FREETDS_NAME, ROOTS_NAME = "freetds.conf", "all-roots.pem"
# The roots of the system in Debian's, Ubuntu's and Alpine's images, and in those of Red Hat, Fedora and Amazon Linux.
SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


def freetds_path(ca_path: str) -> str:
    """The path of FreeTDS's configuration."""
    return f"{_folder(ca_path)}/{FREETDS_NAME}"


def roots_path(ca_path: str) -> str:
    """The path of the file with all trusted certificates."""
    return f"{_folder(ca_path)}/{ROOTS_NAME}"


def freetds_configuration(ca_path: str) -> str:
    """FreeTDS's configuration: connections are encrypted, and the server's certificate and host are verified.

    https://www.freetds.org/userguide/freetdsconf.html
    """
    return f"[global]\ntds version = 7.4\nencryption = require\nca file = {ca_path}\ncheck certificate hostname = yes\n"


def writing_commands(ca_path: str) -> str:
    """Shell commands that write both files next to the CA certificates, which exist; the image may have no roots."""
    lines = " ".join(f"'{line}'" for line in freetds_configuration(ca_path).splitlines())
    configuration, roots = freetds_path(ca_path), roots_path(ca_path)
    return (
        f"printf '%s\\n' {lines} > {configuration} && cat {ca_path} > {roots} && "
        f"for f in {' '.join(SYSTEM_ROOTS)}; do if [ -f $f ]; then cat $f >> {roots}; break; fi; done && "
        f"chmod 444 {configuration} {roots}"
    )


def uses_openssl_roots(scheme: str, query: str) -> bool:
    """Whether the driver of a URL is Microsoft's, which verifies with OpenSSL's trusted certificates."""
    return scheme.endswith("+mssqlpython") or "ODBC Driver" in unquote_plus(query)


def _folder(ca_path: str) -> str:
    return ca_path.rpartition("/")[0]
