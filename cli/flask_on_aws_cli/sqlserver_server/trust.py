"""The files by which SQL Server's drivers verify a server's certificate, next to the local CA's."""

from pathlib import Path

from flask_on_aws.runtime_contract.sqlserver_trust import FREETDS_NAME, ROOTS_NAME, SYSTEM_ROOTS, freetds_configuration


def write_trust(certificate: Path) -> dict[str, Path]:
    """Write them; returns their paths by name."""
    configuration, roots = certificate.with_name(FREETDS_NAME), certificate.with_name(ROOTS_NAME)
    configuration.write_text(freetds_configuration(str(certificate)))
    system = next((path.read_text(errors="replace") for path in map(Path, SYSTEM_ROOTS) if path.is_file()), "")
    roots.write_text(certificate.read_text() + system)
    return {FREETDS_NAME: configuration, ROOTS_NAME: roots}
