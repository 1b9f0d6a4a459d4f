"""What a compilation lacked: headers, libraries and programs, with the Debian packages that have them. Pure."""

import re
from collections.abc import Sequence

_COMPILER = "build-essential"
# Headers and the libraries of `ld: cannot find -l…` by the Debian 13 package that has them.
_HEADERS = {
    "libpq-fe.h": "libpq-dev",
    "mysql.h": "default-libmysqlclient-dev",
    "ffi.h": "libffi-dev",
    "openssl/": "libssl-dev",
    "libxml/": "libxml2-dev libxslt1-dev",
    "libxslt/": "libxslt1-dev",
    "jpeglib.h": "libjpeg-dev",
    "zlib.h": "zlib1g-dev",
    "sasl/sasl.h": "libsasl2-dev",
    "lber.h": "libldap-dev",
    "ldap.h": "libldap-dev",
    "cairo.h": "libcairo2-dev",
    "sqlite3.h": "libsqlite3-dev",
    "curl/curl.h": "libcurl4-openssl-dev",
    "gmp.h": "libgmp-dev",
    "sql.h": "unixodbc-dev",
    "krb5.h": "libkrb5-dev",
    "gssapi/": "libkrb5-dev",
    "geos_c.h": "libgeos-dev",
    "gdal.h": "libgdal-dev",
    "yaml.h": "libyaml-dev",
    "Python.h": "python3-dev",
}
_PROGRAMS = {
    "pg_config": "libpq-dev",
    "mysql_config": "default-libmysqlclient-dev pkg-config",
    "mariadb_config": "libmariadb-dev",
    "pkg-config": "pkg-config",
    "xslt-config": "libxml2-dev libxslt1-dev",
    "xml2-config": "libxml2-dev",
    "curl-config": "libcurl4-openssl-dev",
    "gdal-config": "libgdal-dev",
    "krb5-config": "libkrb5-dev",
    "cmake": "cmake",
    "ninja": "ninja-build",
    "git": "git",
    "cargo": "cargo",
    "rustc": "cargo",
    "gfortran": "gfortran",
    "swig": "swig",
    "make": _COMPILER,
    "gcc": _COMPILER,
    "g++": _COMPILER,
    "cc": _COMPILER,
    "c++": _COMPILER,
}
_PROGRAM = r"(?P<program>[\w.+-]+)"
_HEADER_PATTERN = r"fatal error: '?(?P<header>[\w./+-]+\.h(?:pp)?)'?(?::| file)"
_PROGRAM_PATTERNS = (
    rf"{_PROGRAM}['\"]? executable (is )?not found",
    rf"(?:^|[\s/:]){_PROGRAM}: (?:command )?not found",
    rf"unable to execute '{_PROGRAM}'",
    rf"command '(?:\S*/)?{_PROGRAM}' failed: No such file",
    rf"error: \[Errno 2\] No such file or directory: '{_PROGRAM}'",
    r"(?i)(?:requires|find|need|install) (?P<program>rust|cargo|cmake|ninja|pkg-config|swig|gfortran)\b",
)
_OTHERS = {
    r"Unknown compiler\(s\)": ("a compiler", _COMPILER),
    r"libxml2 and libxslt development packages": ("libxml2", "libxml2-dev libxslt1-dev"),
    r"(?i)can not find valid pkg-config name": ("MySQL's client library", "default-libmysqlclient-dev pkg-config"),
}


def missing_library(lines: Sequence[str]) -> tuple[int, str, str]:
    """The line that names what is missing, its name, and the Debian packages that have it; empty texts if none does."""
    for number, line in enumerate(lines):
        if match := re.search(_HEADER_PATTERN, line):
            header = match["header"]
            packages = next((has for name, has in _HEADERS.items() if header.startswith(name)), "")
            return number, f"the header {header}", packages or f"the Debian package that has {header}"
        if match := re.search(r"cannot find -l(?P<library>[\w+-]+)", line):
            return number, f"the library lib{match['library']}", f"lib{match['library']}-dev"
        for pattern in _PROGRAM_PATTERNS:
            if match := re.search(pattern, line):
                # A compiler's name may begin with its processor: x86_64-linux-gnu-gcc.
                name = (
                    match["program"].lower().rpartition("-gnu-")[2].replace("rust", "rustc").replace("rustcc", "rustc")
                )
                if packages := _PROGRAMS.get(name, ""):
                    return number, f"the program {name}", packages
        for pattern, (what, packages) in _OTHERS.items():
            if re.search(pattern, line):
                return number, what, packages
    return 0, "", ""
