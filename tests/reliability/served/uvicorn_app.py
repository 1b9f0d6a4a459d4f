"""The app with uvicorn started in its code, as docs/servers.md has it."""

import os

import uvicorn
from interfaces import asgi as app

uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    timeout_keep_alive=75,
    timeout_graceful_shutdown=30,
    forwarded_allow_ips=os.environ["UVICORN_FORWARDED_ALLOW_IPS"],
)
