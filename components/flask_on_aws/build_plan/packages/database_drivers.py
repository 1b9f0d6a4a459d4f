"""Drivers by which an app's kind of database is recognized."""

from collections.abc import Collection

# Libraries before the driver that they use.
_MONGODB = ("mongoengine", "flask-mongoengine", "beanie", "flask-pymongo", "odmantic", "motor", "pymongo")
_NODE_MONGODB = ("mongoose", "mongodb")
_SQL = (
    *(
        "psycopg",
        "psycopg2",
        "psycopg2-binary",
        "asyncpg",
        "pg8000",
        "mysqlclient",
        "pymysql",
        "mysql-connector-python",
    ),
    *("mariadb", "asyncmy", "aiomysql", "pymssql", "mssql-python", "pyodbc", "python-tds"),
)


def mongodb_driver(names: Collection[str], node_names: Collection[str] = ()) -> str:
    """The library by which an app uses MongoDB, if it has no driver of another database; empty without one.

    Args:
        names: normalized names of its Python packages.
        node_names: names of its Node packages.
    """
    if any(name in names for name in _SQL):
        return ""
    found = [*(name for name in _MONGODB if name in names), *(name for name in _NODE_MONGODB if name in node_names)]
    return found[0] if found else ""
