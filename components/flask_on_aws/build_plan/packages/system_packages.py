"""Debian packages that Python packages need in a slim image."""

from collections.abc import Collection
from typing import NamedTuple


class Needs(NamedTuple):
    """The Debian 13 packages that one Python package needs."""

    build: tuple[str, ...]
    """To compile it."""
    run: tuple[str, ...]
    """To run it."""
    reason: str


_COMPILER = "build-essential"
_NO_WHEEL = "has no wheels for Linux, so it is compiled"
_LOADS = "loads a library that its wheel does not bring"
_RUNS = "runs a program that its wheel does not bring"

# Whether PyPI had wheels for Linux was looked up on 2026-11-21; a test installs every package of the right-hand side.
NEEDS = {
    "psycopg2": Needs((_COMPILER, "libpq-dev"), ("libpq5",), _NO_WHEEL),
    "psycopg": Needs((), ("libpq5",), "loads libpq where it comes without its extra `binary`"),
    "psycopg-c": Needs((_COMPILER, "libpq-dev"), ("libpq5",), _NO_WHEEL),
    "mysqlclient": Needs((_COMPILER, "default-libmysqlclient-dev", "pkg-config"), ("libmariadb3",), _NO_WHEEL),
    "mariadb": Needs((_COMPILER, "libmariadb-dev"), ("libmariadb3",), _NO_WHEEL),
    # FreeTDS's driver: Microsoft's is not in Debian, and has a license of its own. pymssql and mssql-python bring theirs.
    "pyodbc": Needs((), ("unixodbc", "tdsodbc"), "loads an ODBC driver, of which Debian has FreeTDS's"),
    "uwsgi": Needs((_COMPILER,), (), _NO_WHEEL),
    "pycairo": Needs((_COMPILER, "libcairo2-dev", "pkg-config"), ("libcairo2",), _NO_WHEEL),
    "python-ldap": Needs((_COMPILER, "libldap-dev", "libsasl2-dev"), ("libldap2", "libsasl2-2"), _NO_WHEEL),
    "mod-wsgi": Needs((_COMPILER, "apache2-dev"), ("apache2",), _NO_WHEEL),
    "cairosvg": Needs((), ("libcairo2",), _LOADS),
    "weasyprint": Needs((), ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"), _LOADS),
    "python-magic": Needs((), ("libmagic1",), _LOADS),
    "opencv-python": Needs((), ("libgl1", "libglib2.0-0"), _LOADS),
    "pyzbar": Needs((), ("libzbar0",), _LOADS),
    "pytesseract": Needs((), ("tesseract-ocr",), _RUNS),
    "pdf2image": Needs((), ("poppler-utils",), _RUNS),
    "pydub": Needs((), ("ffmpeg",), _RUNS),
}
# The wheel that makes a row's libraries unnecessary, since it contains them.
_BUNDLED_BY = {"psycopg": "psycopg-binary"}


def needed_packages(names: Collection[str]) -> dict[str, Needs]:
    """The rows of the packages by these normalized names."""
    return {name: needs for name, needs in NEEDS.items() if name in names and _BUNDLED_BY.get(name, "") not in names}
