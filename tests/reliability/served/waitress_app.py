"""The app with waitress started in its code, as docs/servers.md has it."""

import os
import signal
import sys

import waitress
from interfaces import wsgi as app

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
waitress.serve(
    app,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    channel_timeout=75,
    connection_limit=1000,
    asyncore_use_poll=True,
    trusted_proxy="*",
    trusted_proxy_count=int(os.environ["TRUST_PROXY_DEPTH"]),
    trusted_proxy_headers="x-forwarded-for x-forwarded-proto",
    clear_untrusted_proxy_headers=True,
)
