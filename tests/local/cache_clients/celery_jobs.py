"""A Celery app that is configured by its environment alone: CELERY_BROKER_URL, and REDIS_URL for results."""

import os

from celery import Celery

app = Celery("jobs", backend=os.environ["REDIS_URL"])


@app.task
def add(first: int, second: int) -> int:
    return first + second
