import os
import time
from pathlib import Path


def respond(environ):
    path = environ["PATH_INFO"]
    if path == "/":
        depth = int(os.environ["TRUST_PROXY_DEPTH"])
        return environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-depth:][0].strip().encode()
    if path == "/slow":
        time.sleep(1)
        return b"done"
    if path == "/static/style.css":
        return Path("static/style.css").read_bytes()
    return b"up" if path == "/up" else None


def application(environ, start_response):
    body = respond(environ)
    start_response("404 Not Found" if body is None else "200 OK", [("Content-Length", str(len(body or b"")))])
    return [body or b""]
