"""The URL of a database by its engine and driver, in one table: schemes, and the query with which TLS is verified.

Each driver's query was tried with the driver itself: the server's certificate must be signed by the CA and issued for
the host, or the connection fails. tests/local/test_mysql_drivers.py, test_sqlserver_drivers.py and test_mongodb.py repeat that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class UrlProfile:
    """What an engine's URL looks like."""

    scheme: str
    """The scheme by default."""
    schemes: re.Pattern[str]
    """The schemes by which SQLAlchemy, dj-database-url, django-environ and peewee recognize the engine."""
    example: str
    """The schemes of a message, as the end of "use …"."""
    query: str
    """The query that verifies TLS, for a scheme without a driver; `{ca}` is the path of the CA certificates."""
    query_example: str
    """A custom query, for a message."""
    queries: Mapping[str, str]
    """The query of a driver, by its name in the scheme; empty for one that takes TLS from code alone."""
    other_query: str
    """The query of any other driver."""


_LIBPQ = "sslmode=verify-full&sslrootcert={ca}"
# `ssl_mode` is an option of mysqlclient alone; PyMySQL's and MySQL Connector's verify neither certificate nor host
# without the others. SQLAlchemy turns `ssl_ca` into what PyMySQL and asyncmy verify both by.
_MYSQLCLIENT = "ssl_ca={ca}&ssl_mode=VERIFY_IDENTITY"
_VERIFIED = "ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=true"

_POSTGRES = UrlProfile(
    scheme="postgresql",
    schemes=re.compile(r"(?:postgres|postgresql|postgis|postgresext|pgsql|psql)(?:\+[a-z][a-z0-9_]*)?"),
    example="postgresql, postgres, or one with a driver like postgresql+psycopg",
    query=_LIBPQ,
    query_example="sslmode=require&connect_timeout=10",
    queries={},
    other_query=_LIBPQ,
)
_MYSQL = UrlProfile(
    scheme="mysql",
    schemes=re.compile(r"(?:mysql|mysql2|mysqlgis|mysql-connector|mariadb)(?:\+[a-z][a-z0-9_]*)?"),
    example="mysql, or one with a driver like mysql+pymysql",
    query=_MYSQLCLIENT,
    query_example="ssl_ca=/etc/rds-ca/rds-ca-bundle.pem&connect_timeout=10",
    queries={
        "mysqldb": _MYSQLCLIENT,
        "pymysql": "ssl_ca={ca}",
        "asyncmy": "ssl_ca={ca}",
        "mysqlconnector": _VERIFIED,
        "mariadbconnector": "ssl_ca={ca}&ssl_verify_cert=true",
        "aiomysql": "",
    },
    other_query=_VERIFIED,
)
# pymssql reads FreeTDS's configuration, see `sqlserver_trust`; pytds takes TLS from code alone. Microsoft's driver,
# which mssql-python contains, verifies with OpenSSL's roots: see the same module. It accepts no file with a CA.
_MICROSOFT = "Encrypt=yes&TrustServerCertificate=no"
_ODBC = f"driver=ODBC+Driver+18+for+SQL+Server&{_MICROSOFT}"
_SQLSERVER = UrlProfile(
    scheme="mssql+pymssql",
    schemes=re.compile(r"(?:mssql|sqlserver|mssqlms)(?:\+[a-z][a-z0-9_]*)?"),
    example="mssql+pymssql, mssql+mssqlpython, mssql+pyodbc or mssql+pytds",
    query=_ODBC,
    query_example="driver=FreeTDS&Encryption=require",
    queries={"pymssql": "", "pytds": "", "mssqlpython": _MICROSOFT, "pyodbc": _ODBC, "aioodbc": _ODBC},
    other_query="",
)
# DocumentDB is a replica set named rs0, without retryable writes. Its users are in the database `admin`, where drivers look
# for the user only if the URL says so: https://docs.aws.amazon.com/documentdb/latest/developerguide/connect_programmatically.html
_DOCUMENTDB = (
    "tls=true&tlsCAFile={ca}&replicaSet=rs0&readPreference=secondaryPreferred&retryWrites=false&authSource=admin"
)
_MONGODB = UrlProfile(
    scheme="mongodb",
    schemes=re.compile(r"mongodb"),
    example="mongodb",
    query=_DOCUMENTDB,
    query_example="tls=true&tlsCAFile=/etc/rds-ca/rds-ca-bundle.pem&replicaSet=rs0&retryWrites=false&authSource=admin",
    queries={},
    other_query=_DOCUMENTDB,
)
PRODUCTS: Mapping[str, str] = {
    "postgres": "postgres",
    "aurora-postgres": "postgres",
    "mysql": "mysql",
    "aurora-mysql": "mysql",
    "mariadb": "mariadb",
    "sqlserver": "sqlserver",
    "documentdb": "mongodb",
}
"""By the engine's name in the setting `database`: the product with the same protocol, SQL and client programs."""
_OF_PRODUCTS = {
    "postgres": _POSTGRES,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": _SQLSERVER,
    "mongodb": _MONGODB,
}
URLS: Mapping[str, UrlProfile] = {engine: _OF_PRODUCTS[product] for engine, product in PRODUCTS.items()}
"""By the engine's name in the setting `database`."""


def product_of(scheme: str) -> str:
    """The product that a URL's scheme belongs to, such as `mysql` of `mysql+pymysql`; `postgres` of an unknown one."""
    matching = (product for product, profile in _OF_PRODUCTS.items() if profile.schemes.fullmatch(scheme))
    return next(matching, "postgres")


def tls_query(engine: str, scheme: str, ca_path: str) -> str:
    """The query by which a scheme's driver verifies the server's certificate; empty for one that takes none."""
    profile, (_, plus, driver) = URLS[engine], scheme.partition("+")
    query = profile.queries.get(driver, profile.other_query) if plus else profile.query
    return query.format(ca=quote(ca_path))
