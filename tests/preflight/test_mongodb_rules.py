"""What an output shows of DocumentDB, with what is installed: pure, with lines as pymongo prints them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.diagnosis.mongodb_rules import other_kind
from flask_on_aws_cli.preflight.output import Context, Output

TRACEBACK = ["Traceback (most recent call last):", '  File "/app/app.py", line 3, in <module>']


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        (
            "pymongo.errors.OperationFailure: Retryable writes are not supported. Please disable retryable writes by "
            'specifying "retryWrites=false" in the connection string or an equivalent driver config., full error: {}',
            "retryWrites=false",
        ),
        (
            "pymongo.errors.OperationFailure: Authentication failed., full error: {'ok': 0.0, 'code': 18}",
            "authSource=admin",
        ),
        (
            "pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused (configured "
            "timeouts: socketTimeoutMS: 20000.0ms), Timeout: 30s",
            "connect to MONGODB_URI",
        ),
        ("MongooseServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017", "connect to MONGODB_URI"),
        (
            "pymongo.errors.OperationFailure: Feature not supported: $where, full error: {'ok': 0.0, 'code': 303}",
            "see what DocumentDB supports",
        ),
        (
            "pymongo.errors.OperationFailure: no such command: 'mapReduce', full error: {'ok': 0.0, 'code': 59}",
            "see what DocumentDB supports",
        ),
    ],
)
def test_the_cause_is_the_database_with_the_line_to_change(line, fix):
    found = diagnose(Output([*TRACEBACK, line], "gunicorn app:app", 1, Context({"pymongo": "4.15"}, "", "mongodb")))
    assert found is not None
    assert (found.cause, fix in found.fix) == (Cause.DATABASE, True)


def test_mongodb_elsewhere_is_not_the_stacks_database():
    line = "pymongo.errors.ServerSelectionTimeoutError: mongo.example.com:27017: timed out"
    found = diagnose(Output([*TRACEBACK, line], "gunicorn app:app", 1, Context({"pymongo": "4.15"}, "", "postgresql")))
    assert found is None or "MONGODB_URI" not in found.fix


@pytest.mark.parametrize(
    ("product", "packages", "driver"),
    [
        ("postgres", {"pymongo": "4"}, "pymongo"),
        ("postgres", {"pymongo": "4", "motor": "3"}, "motor"),
        ("mysql", {"pymongo": "4", "mongoengine": "0.29"}, "mongoengine"),
        ("postgres", {"pymongo": "4", "motor": "3", "beanie": "2"}, "beanie"),
        ("postgres", {"pymongo": "4", "flask-pymongo": "3"}, "flask-pymongo"),
        ("postgres", {"pymongo": "4", "psycopg2-binary": "2"}, ""),
        ("postgres", {"flask": "3"}, ""),
        ("mongodb", {"flask": "3"}, ""),
    ],
)
def test_a_driver_of_mongodb_alone_names_its_kind_of_database(product, packages, driver):
    expected = f"; it has {driver}, which needs MongoDB: pulumi config set database documentdb" if driver else ""
    assert other_kind(product, packages) == expected
