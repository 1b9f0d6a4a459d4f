"""Helpers for tests of the load balancer: real servers as targets, and a load balancer with one target group."""

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
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.waiting import until

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
GROUP, BALANCER = f"{ARN}targetgroup/web/1", f"{ARN}loadbalancer/app/web/1"
QUICK = HealthCheck(path="/up", interval=0.2, timeout=0.5, healthy_threshold=2, unhealthy_threshold=2)
DEFAULT_GROUP = TargetGroup(GROUP, deregistration_delay=2, health_check=QUICK)


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True  # otherwise head and body arrive 40 ms apart

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
        request = {
            "name": server.name,
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "bytes": len(body),
        }
        return self.reply(200, json.dumps(request).encode())

    def read_chunks(self):
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

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
    """A target whose responses contain the request."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name="app", up_status=200):
        super().__init__(("127.0.0.1", 0), _Echo)
        self.name, self.up_status = name, up_status
        self.target = Target("127.0.0.1", self.server_port)
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()


@contextmanager
def app(*args, **kwargs):
    server = App(*args, **kwargs)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw_target(serve):
    """A target that passes each connection, including those of health checks, to `serve`."""
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
        data = connection.recv(65536)
        if not data:
            return head
        head += data
    return head


def configuration(*rules, group=DEFAULT_GROUP, idle_timeout=5, **balancer):
    """HTTPS on 443 with the rules, and the group for all other requests; HTTP on 80 redirects to HTTPS."""
    last = Rule(None, Forward(((group.arn, 1),)))
    https = Listener(f"{ARN}listener/443", 443, "HTTPS", (*rules, last))
    redirect = Redirect(protocol="HTTPS", port="443")
    http = Listener(f"{ARN}listener/80", 80, "HTTP", (Rule(None, redirect),))
    load_balancer = LoadBalancer(BALANCER, (http, https), idle_timeout=idle_timeout, **balancer)
    return Configuration((load_balancer,), (group,))


@contextmanager
def balancing(folder, settings, **options):
    """A running load balancer; `settings` is a configuration or a function that returns one."""
    provide = settings if callable(settings) else lambda: settings
    authority = Authority(folder / "ca")
    balancer = Balancer(folder / "balancer", authority, provide, first_port=free_port(), **options)
    balancer.start()
    try:
        until(lambda: balancer.ports)
        yield balancer
    finally:
        balancer.stop()


def wait_for_state(balancer, target, state, group=GROUP):
    until(lambda: balancer.health(group, target).state == state)
