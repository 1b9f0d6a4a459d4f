"""What the tests of the load balancer stand on: real servers as targets, and a balancer with one group."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flask_on_aws_cli.local_aws.load_balancer import (
    Balancer,
    Configuration,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    TargetGroup,
)
from flask_on_aws_cli.local_project.location import Target
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.emulator import free_port

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
GROUP, BALANCER = f"{ARN}targetgroup/web/1", f"{ARN}loadbalancer/app/web/1"
QUICK = HealthCheck(path="/up", interval=0.2, timeout=0.5, healthy_threshold=2, unhealthy_threshold=2)
DEFAULT_GROUP = TargetGroup(GROUP, deregistration_delay=2, health_check=QUICK)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True  # else head and body are 40 ms apart

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def answer(self):
        server = self.server
        route = self.path.partition("?")[0]
        if route == "/up":
            return self.reply(server.up_status, b"")
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.read_chunks()
        if route == "/slow":
            time.sleep(float(self.path.partition("?")[2]))
        seen = {
            "name": server.name,
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "bytes": len(body),
        }
        return self.reply(200, json.dumps(seen).encode())

    def read_chunks(self):
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class App(ThreadingHTTPServer):
    """A target that tells what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name="app", up_status=200):
        super().__init__(("127.0.0.1", 0), _Echo)
        self.name, self.up_status = name, up_status
        self.target = Target("127.0.0.1", self.server_port)
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()


@contextmanager
def app(*args, **kwargs):
    one = App(*args, **kwargs)
    try:
        yield one
    finally:
        one.shutdown()
        one.server_close()


@contextmanager
def raw_target(serve):
    """A target on plain sockets: `serve` gets each connection; health checks too."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=[connection], daemon=True).start()

    def run(connection):
        with connection:
            serve(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Target("127.0.0.1", listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return head
        head += piece
    return head


def configuration(*rules, group=DEFAULT_GROUP, idle_timeout=5, **balancer):
    """HTTPS on 443 with the rules, and everything else to the group; HTTP on 80 leads to it."""
    last = Rule(None, Forward(((group.arn, 1),)))
    https = Listener(f"{ARN}listener/443", 443, "HTTPS", (*rules, last))
    redirect = Redirect(protocol="HTTPS", port="443")
    http = Listener(f"{ARN}listener/80", 80, "HTTP", (Rule(None, redirect),))
    one = LoadBalancer(BALANCER, (http, https), idle_timeout=idle_timeout, **balancer)
    return Configuration((one,), (group,))


@contextmanager
def balancing(folder, wanted, **more):
    """A balancer at work; `wanted` is a configuration or a function that gives one."""
    provide = wanted if callable(wanted) else lambda: wanted
    authority = Authority(folder / "ca")
    one = Balancer(folder / "balancer", authority, provide, first_port=free_port(), **more)
    one.start()
    try:
        until(lambda: one.ports)
        yield one
    finally:
        one.stop()


def wait_for_state(balancer, target, state, group=GROUP):
    until(lambda: balancer.health(group, target).state == state)
