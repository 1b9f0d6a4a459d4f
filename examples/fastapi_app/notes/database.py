"""The database, from DATABASE_URL."""

import os
from functools import cache

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session


@cache
def engine() -> Engine:
    """The engine of this process, with psycopg 3 whatever SQLAlchemy's default driver is.

    DATABASE_URL ends with libpq's options for TLS, which psycopg reads.
    """
    url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
    return create_engine(url, pool_pre_ping=True)


def session():
    """A session for one request."""
    with Session(engine()) as opened:
        yield opened
