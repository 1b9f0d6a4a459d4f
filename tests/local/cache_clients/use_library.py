"""Uses a library with the cache of REDIS_URL: python use_library.py LIBRARY; prints `works` if it does."""

import os
import sys

URL = os.environ["REDIS_URL"]


def caching() -> None:
    """Flask-Caching."""
    from flask import Flask
    from flask_caching import Cache

    cache = Cache(config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": URL})
    app = Flask(__name__)
    cache.init_app(app)
    with app.app_context():
        cache.set("greeting", "hello")
        assert cache.get("greeting") == "hello"


def session() -> None:
    """Flask-Session."""
    import redis
    from flask import Flask
    from flask import session as values
    from flask_session import Session

    app = Flask(__name__)
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.from_url(URL))
    Session(app)

    @app.route("/")
    def count() -> str:
        values["count"] = values.get("count", 0) + 1
        return str(values["count"])

    with app.test_client() as client:
        assert [client.get("/").text for _ in range(2)] == ["1", "2"]


def socketio() -> None:
    """Flask-SocketIO: a worker's message is published to the servers that subscribe."""
    import redis
    from flask_socketio import SocketIO

    messages = redis.from_url(URL).pubsub(ignore_subscribe_messages=True)
    messages.psubscribe("*")
    messages.get_message(timeout=5)  # the confirmation
    SocketIO(message_queue=URL).emit("news", "hello")
    message = messages.get_message(timeout=10)
    assert message is not None
    assert b"news" in message["data"]


def rq() -> None:
    """RQ: a job is stored, and a worker in the same process runs it."""
    import redis
    from rq import Queue, SimpleWorker

    connection = redis.from_url(URL)
    queue = Queue(connection=connection)
    job = queue.enqueue("operator.add", 1, 2)
    SimpleWorker([queue], connection=connection).work(burst=True)
    assert job.latest_result().return_value == 3


def redis() -> None:
    """redis-py."""
    import redis

    assert redis.from_url(URL).ping()


def valkey() -> None:
    """valkey-py, which also takes the URL's scheme `rediss`."""
    import valkey

    assert valkey.from_url(URL).ping()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("works")
