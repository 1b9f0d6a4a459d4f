"""Rules for DocumentDB, which is compatible with MongoDB: its drivers, its login, and what it lacks. Pure functions."""

from collections.abc import Mapping

from flask_on_aws.build_plan.packages.database_drivers import mongodb_driver

from ..check import Cause, Finding
from ..output import Output, search
from .decisive import is_decisive

KEEP_QUERY = "; DocumentDB rejects retryable writes, so keep the URL's retryWrites=false"
_SUPPORTED = "https://docs.aws.amazon.com/documentdb/latest/developerguide/mongo-apis.html"


def other_kind(product: str, packages: Mapping[str, str]) -> str:
    """The end of a sentence about an app without a driver of its database, if it has one of MongoDB."""
    driver = mongodb_driver(packages)
    if product == "mongodb" or not driver:
        return ""
    return f"; it has {driver}, which needs MongoDB: pulumi config set database documentdb"


def retryable_writes(output: Output) -> Finding | None:
    """A driver that retries writes, as it does unless the URL or the client turns that off."""
    match = search(output, r"(?i)retryable writes are not supported")
    if not match:
        return None
    return _of_database(
        "the driver retries writes, which DocumentDB does not support",
        "connect to MONGODB_URI, which has retryWrites=false, or pass retryWrites=False to MongoClient",
        match[1],
    )


def not_supported(output: Output) -> Finding | None:
    """A command, stage or operator that DocumentDB, or the server in its place, does not have."""
    match = search(
        output,
        r"pymongo\.errors\.\w+: .*Feature not supported: (?P<name>[\w$.]+)",
        r"pymongo\.errors\.\w+: .*no such command: '(?P<name>\w+)'",
        r"pymongo\.errors\.\w+: (?P<name>.+?) is not (?:implemented|supported)",
        where=is_decisive,
    )
    if not match:
        return None
    return _of_database(
        f"the database does not have {match[0]['name']}",
        f"see what DocumentDB supports ({_SUPPORTED}). FerretDB, which serves it on a machine without mongod, has "
        "less: install mongod to try the rest",
        match[1],
    )


def login(output: Output) -> Finding | None:
    """A login that the database rejects."""
    match = search(output, r"pymongo\.errors\.OperationFailure: .*[Aa]uthentication failed", where=is_decisive)
    if not match:
        return None
    return _of_database(
        "the database rejects the login: it accepts the user and the password of DATABASE_URL alone",
        "connect to MONGODB_URI, whose authSource=admin names the database with the users",
        match[1],
    )


def connection(output: Output) -> Finding | None:
    """A server that the driver does not find."""
    match = search(
        output,
        r"pymongo\.errors\.(?:ServerSelectionTimeoutError|AutoReconnect|NetworkTimeout|ConnectionFailure)",
        r"MongooseServerSelectionError|MongoServerSelectionError",
        where=is_decisive,
    )
    if not match or output.context.database_scheme != "mongodb":
        return None
    return _of_database(
        "it cannot connect to its database, which accepts connections with TLS alone",
        "connect to MONGODB_URI, whose options name the certificates and the replica set; Flask-PyMongo needs "
        'app.config["MONGO_URI"] = os.environ["MONGO_URI"]',
        match[1],
    )


def _of_database(sentence: str, fix: str, evidence: tuple[str, ...]) -> Finding:
    return Finding(Cause.DATABASE, sentence, fix, evidence)
