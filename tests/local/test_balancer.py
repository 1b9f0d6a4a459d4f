import asyncio
import base64
import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import aiohttp
import httpx
import pytest
from flask_on_aws_cli.local_aws.load_balancer import (
    Balancer,
    FixedResponse,
    Forward,
    HostHeader,
    HttpHeader,
    Listener,
    LoadBalancer,
    PathPattern,
    Rule,
)
from flask_on_aws_cli.local_aws.load_balancer.configuration import Configuration, TargetGroup
from flask_on_aws_cli.local_project.location import Target
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.waiting import until

from .balancing import (
    BALANCER,
    DEFAULT_GROUP,
    GROUP,
    app,
    balancing,
    configuration,
    raw_target,
    read_head,
    wait_for_state,
)


def client(balancer, folder, **options):
    trusted = ssl.create_default_context(cafile=folder / "ca" / "ca.pem")
    port = balancer.ports[BALANCER, 443]
    return httpx.Client(verify=trusted, base_url=f"https://localhost:{port}", timeout=20, **options)


@pytest.fixture
def served(tmp_path):
    """A load balancer with one healthy target, and a client that trusts its certificate authority."""
    with app() as target, balancing(tmp_path, configuration()) as balancer:
        balancer.register(GROUP, target.target)
        wait_for_state(balancer, target.target, "healthy")
        with client(balancer, tmp_path, http2=True) as http:
            yield balancer, http, target


def test_http2_over_tls_1_3_with_a_certificate_that_verifies(served, tmp_path):
    balancer, http, _ = served
    response = http.get("/page?x=1")
    assert response.http_version == "HTTP/2"
    assert response.json()["path"] == "/page?x=1"
    context = ssl.create_default_context(cafile=tmp_path / "ca" / "ca.pem")
    port = balancer.ports[BALANCER, 443]
    for name in ("localhost", "shop.localhost"):
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            assert encrypted.version() == "TLSv1.3"
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=r"Hostname mismatch"),
    ):
        context.wrap_socket(plain, server_hostname="elsewhere.example")
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_http_redirects_to_the_port_of_https(served):
    balancer, _, _ = served
    http, https = balancer.ports[BALANCER, 80], balancer.ports[BALANCER, 443]
    response = httpx.get(f"http://localhost:{http}/a%20b?c=%2F")
    assert response.status_code == 301
    assert response.headers["location"] == f"https://localhost:{https}/a%20b?c=%2F"
    assert response.headers["server"] == "awselb/2.0"


@pytest.mark.parametrize("http2", [True, False])
def test_the_target_gets_the_forwarded_headers_and_the_client_the_response(served, tmp_path, http2):
    balancer, _, _ = served
    sent_headers = [
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Proto", "ftp"),
        ("Accept", "a/b"),
        ("X-Twice", "1"),
    ]
    with client(balancer, tmp_path, http2=http2) as http:
        response = http.request("POST", "/x", content=b"12345", headers=[*sent_headers, ("X-Twice", "2")])
    request = response.json()
    headers = {}
    for name, value in request["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    port = balancer.ports[BALANCER, 443]
    assert (request["method"], request["bytes"]) == ("POST", 5)
    assert headers["x-forwarded-for"] == ["203.0.113.7, 127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["https"]
    assert headers["x-forwarded-port"] == [str(port)]
    assert headers["host"] == [f"localhost:{port}"]
    assert headers["accept"] == ["a/b"]
    assert headers["x-twice"] == ["1", "2"]
    assert headers["x-amzn-trace-id"][0].startswith("Root=1-")
    assert "transfer-encoding" not in headers
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert len(response.headers.get_list("date")) == 1


def test_a_response_to_head_has_the_length_and_no_body(served):
    _, http, _ = served
    response = http.head("/x")
    assert int(response.headers["content-length"]) > 0
    assert response.content == b""
    assert http.get("/y").status_code == 200  # the connection to the target is still usable


def test_expect_100_continue_is_answered_before_the_body(served):
    balancer, _, _ = served
    with _plain_tls(balancer) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b"12345")
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b'"bytes": 5' in response


def _plain_tls(balancer):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", balancer.ports[BALANCER, 443]), timeout=15))


def test_invalid_requests_get_the_status_codes_of_aws(served, tmp_path):
    balancer, http, _ = served
    assert http.request("TRACE", "/").status_code == 405
    assert http.get("/" + "x" * 17_000).status_code == 414
    assert http.get("/", headers={"X-Long": "x" * 17_000}).status_code == 400
    with client(balancer, tmp_path) as http1:  # with HTTP/2, such a large head closes the connection
        assert http1.get("/", headers=[(f"X-{n}", "x" * 15_000) for n in range(5)]).status_code == 400
    assert http.get("/", headers={"X-Forwarded-For": ", ".join(["1.2.3.4"] * 31)}).status_code == 463
    assert http.get("/", headers={"X-Long": "x" * 15_000}).status_code == 200


def test_rules_are_matched_by_priority_and_invalid_header_fields_are_dropped(tmp_path):
    rules = (
        Rule(20, FixedResponse(418, "text/plain", "second"), (PathPattern(("/a*",)),)),
        Rule(10, FixedResponse(403, "text/plain", "first"), (PathPattern(("/a/b",)), HttpHeader("X-Key", ("o*n",)))),
        Rule(30, FixedResponse(200, "text/plain", "host"), (HostHeader(("shop.*",)),)),
    )
    settings = configuration(*rules, drop_invalid_header_fields=True)
    with app() as target, balancing(tmp_path, settings) as balancer, client(balancer, tmp_path) as http:
        balancer.register(GROUP, target.target)
        wait_for_state(balancer, target.target, "healthy")
        assert http.get("/a/b", headers={"X-Key": "Open"}).text == "first"
        assert http.get("/a/b", headers={"X-Key": "shut"}).text == "second"
        assert http.get("/", headers={"Host": "Shop.Example:443"}).text == "host"
        request = http.get("/", headers={"X_Forwarded_For": "1.1.1.1", "X-Ok": "1"}).json()
        names = [name.lower() for name, _ in request["headers"]]
        assert "x-ok" in names
        assert "x_forwarded_for" not in names


def test_a_listener_behind_cloudfront_responds_with_tls_and_adds_the_secret_header(tmp_path):
    secret = Rule(1, Forward(((GROUP, 1),)), (HttpHeader("X-Origin-Verify", ("s3cret",)),))
    rules = (secret, Rule(None, FixedResponse(403, "text/plain", "Forbidden")))
    listener = Listener("arn", 80, "HTTP", rules, edge_headers=(("X-Origin-Verify", "s3cret"),))
    settings = Configuration((LoadBalancer(BALANCER, (listener,)),), (DEFAULT_GROUP,))
    context = ssl.create_default_context()
    with app() as target, balancing(tmp_path, settings) as balancer:
        balancer.register(GROUP, target.target)
        wait_for_state(balancer, target.target, "healthy")
        context.load_verify_locations(tmp_path / "ca" / "ca.pem")
        response = httpx.get(f"https://localhost:{balancer.ports[BALANCER, 80]}/", verify=context)
    headers = dict(response.json()["headers"])
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-For"] == "127.0.0.1, 127.0.0.1"  # the visitor and CloudFront


# Targets that fail


def _healthy_then(serve):
    """A raw target that passes its health checks, and passes other connections to `serve`."""

    def run(connection):
        while head := read_head(connection):
            if b"GET /up " in head:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                return serve(connection)
        return None

    return run


@pytest.mark.parametrize(
    ("serve", "status"),
    [
        (lambda connection: connection.close(), 502),
        (lambda connection: connection.sendall(b"nonsense\r\n\r\n"), 502),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"), 502),
        (lambda connection: time.sleep(4), 504),
    ],
    ids=["closes", "garbage", "too large a head", "silent"],
)
def test_a_target_that_does_not_respond_properly_is_502_or_504(tmp_path, serve, status):
    with (
        raw_target(_healthy_then(serve)) as target,
        balancing(tmp_path, configuration(idle_timeout=1)) as balancer,
        client(balancer, tmp_path) as http,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        response = http.get("/")
        assert response.status_code == status
        assert f"<h1>{status} " in response.text
    (line,) = (tmp_path / "balancer" / "access.log").read_text().splitlines()
    assert line.startswith("https ")
    assert f" {status} - " in line
    assert f"{target.host}:{target.port}" in line


def test_no_target_is_503_and_a_refused_connection_is_502(tmp_path):
    with balancing(tmp_path, configuration()) as balancer, client(balancer, tmp_path) as http:
        assert http.get("/").status_code == 503
        with app() as stopped:
            balancer.register(GROUP, stopped.target)
            wait_for_state(balancer, stopped.target, "healthy")
        assert http.get("/").status_code == 502


@pytest.mark.parametrize("http2", [True, False])
def test_an_incomplete_response_is_an_error_for_the_client(tmp_path, http2):
    def half(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with (
        raw_target(_healthy_then(half)) as target,
        balancing(tmp_path, configuration()) as balancer,
        client(balancer, tmp_path, http2=http2) as http,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/")


def test_a_keep_alive_connection_that_the_target_has_just_closed_is_502_even_for_get(tmp_path):
    """An app with a shorter keep-alive timeout than the load balancer must fail here as it does on AWS."""

    def once_then_close_on_the_next_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        read_head(connection)

    with (
        raw_target(_healthy_then(once_then_close_on_the_next_request)) as target,
        balancing(tmp_path, configuration()) as balancer,
        client(balancer, tmp_path) as http,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        assert [http.get("/").status_code for _ in range(4)] == [200, 502, 200, 502]


# Bodies


@pytest.mark.parametrize("http2", [True, False])
@pytest.mark.parametrize("has_length", [True, False], ids=["with a length", "in chunks"])
def test_a_large_upload_arrives_completely(served, tmp_path, http2, has_length):
    balancer, _, _ = served
    chunks, size = 400, 100_000
    headers = {"Content-Length": str(chunks * size)} if has_length else {}
    with client(balancer, tmp_path, http2=http2) as http:
        response = http.post("/", content=(bytes(size) for _ in range(chunks)), headers=headers)
    assert response.json()["bytes"] == chunks * size


def test_bodies_are_streamed_and_a_slow_client_slows_the_target_down(tmp_path):
    sent = []
    megabyte = bytes(1_000_000)

    def stream(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for number in range(100):
            connection.sendall(megabyte)
            sent.append(number)

    with (
        raw_target(_healthy_then(stream)) as target,
        balancing(tmp_path, configuration(idle_timeout=20)) as balancer,
        client(balancer, tmp_path) as http,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        with http.stream("GET", "/") as response:
            body = response.iter_raw(65536)
            assert len(next(body)) == 65536
            time.sleep(1)
            assert len(sent) < 50  # of 100 megabytes; those that were sent are in buffers on the way
            assert sum(map(len, body)) == 100_000_000 - 65536


def test_a_response_before_the_end_of_the_upload_reaches_the_client(tmp_path):
    def too_large(connection):
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        time.sleep(0.5)

    with raw_target(_healthy_then(too_large)) as target, balancing(tmp_path, configuration()) as balancer:
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        for http2 in (True, False):
            with client(balancer, tmp_path, http2=http2) as http:
                assert http.post("/", content=bytes(20_000_000)).status_code == 413


def test_a_client_that_disconnects_ends_the_request_at_the_target(tmp_path):
    disconnected = threading.Event()

    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nx")
        connection.settimeout(10)
        try:
            while connection.recv(1):
                pass
        except OSError:
            pass
        disconnected.set()

    with (
        raw_target(_healthy_then(endless)) as target,
        balancing(tmp_path, configuration(idle_timeout=20)) as balancer,
        client(balancer, tmp_path) as http,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        with http.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"x"
        assert disconnected.wait(15)  # before the idle timeout
        log = tmp_path / "balancer" / "access.log"
        until(lambda: " 460 200 " in log.read_text())


def test_a_client_that_stops_sending_gets_408(tmp_path):
    with app() as target, balancing(tmp_path, configuration(idle_timeout=1)) as balancer:
        balancer.register(GROUP, target.target)
        wait_for_state(balancer, target.target, "healthy")
        with _plain_tls(balancer) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_an_idle_connection_is_closed_after_the_idle_timeout(tmp_path):
    with balancing(tmp_path, configuration(idle_timeout=1)) as balancer, _plain_tls(balancer) as connection:
        began = time.monotonic()
        assert connection.recv(1) == b""  # the socket's own timeout is longer
        assert time.monotonic() - began > 0.8


# Targets


def test_requests_are_routed_round_robin_or_to_the_least_busy_target(tmp_path):
    with app("one") as first, app("two") as second:
        for algorithm in ("round_robin", "least_outstanding_requests"):
            group = TargetGroup(GROUP, algorithm=algorithm, health_check=DEFAULT_GROUP.health_check)
            folder = tmp_path / algorithm
            with balancing(folder, configuration(group=group)) as balancer, client(balancer, folder) as http:
                for target in (first, second):
                    balancer.register(GROUP, target.target)
                    wait_for_state(balancer, target.target, "healthy")
                names = [http.get("/").json()["name"] for _ in range(10)]
                assert names.count("one") == names.count("two") == 5
                assert balancer.targets.group_counts(GROUP).requests == 10
                assert balancer.targets.target_counts(GROUP, first.target).statuses == {"2XX": 5}
                with ThreadPoolExecutor() as threads, client(balancer, folder) as other:
                    slow = threads.submit(other.get, "/slow?1.5")
                    until(lambda: any(registration.outstanding for registration in balancer.targets.registrations()))
                    registrations = balancer.targets.registrations()
                    busy = next(registration.target for registration in registrations if registration.outstanding)
                    during = [http.get("/").json()["name"] for _ in range(6)]
                    assert not slow.done()
                idle = {"one", "two"} - {"one" if busy == first.target else "two"}
                assert set(during) == (idle if algorithm.startswith("least") else {"one", "two"})


def test_weighted_groups_share_the_requests(tmp_path):
    other = TargetGroup(f"{GROUP}-other", health_check=DEFAULT_GROUP.health_check)
    rule = Rule(1, Forward(((GROUP, 90), (other.arn, 10))))
    one_group = configuration(rule)
    settings = Configuration(one_group.load_balancers, (*one_group.target_groups, other))
    with app("old") as old, app("new") as new, balancing(tmp_path, settings) as balancer:
        balancer.register(GROUP, old.target)
        balancer.register(other.arn, new.target)
        wait_for_state(balancer, old.target, "healthy")
        wait_for_state(balancer, new.target, "healthy", other.arn)
        with client(balancer, tmp_path) as http:
            names = [http.get("/").json()["name"] for _ in range(300)]
    assert (
        8 <= names.count("new") <= 60
    )  # 30 are expected; the probability of a number outside this range is below 10^-6


def test_health_has_the_states_and_reasons_of_aws(tmp_path):
    nowhere = Target("127.0.0.1", 9)
    with (
        app("bad", up_status=500) as bad,
        raw_target(lambda connection: time.sleep(3)) as silent,
        balancing(tmp_path, configuration()) as balancer,
    ):
        for target in (bad.target, silent, nowhere):
            balancer.register(GROUP, target)
            wait_for_state(balancer, target, "unhealthy")
        assert balancer.health(GROUP, bad.target)[1:] == (
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [500]",
        )
        assert balancer.health(GROUP, silent)[1:] == ("Target.Timeout", "Request timed out")
        assert balancer.health(GROUP, nowhere)[1:] == ("Target.FailedHealthChecks", "Health checks failed")
        assert balancer.health(GROUP, Target("127.0.0.1", 10)).reason == "Target.NotRegistered"
        balancer.register("arn:of-no-rule", bad.target)
        assert balancer.health("arn:of-no-rule", bad.target).reason == "Target.NotInUse"
        with client(balancer, tmp_path) as http:  # if all targets are unhealthy, all get requests
            assert 200 in [http.get("/").status_code for _ in range(3)]
        bad.up_status = 200
        wait_for_state(balancer, bad.target, "healthy")
        with client(balancer, tmp_path) as http:
            assert {http.get("/").json()["name"] for _ in range(5)} == {"bad"}


def test_a_deregistered_target_finishes_its_requests_and_soon_gets_no_new_ones(tmp_path):
    with app("leaving") as leaving, app("staying") as staying:
        group = TargetGroup(GROUP, deregistration_delay=3, health_check=DEFAULT_GROUP.health_check)
        settings = configuration(group=group)
        with balancing(tmp_path, settings, deregistration_lag=0.5) as balancer, ThreadPoolExecutor() as threads:
            balancer.register(GROUP, leaving.target)
            wait_for_state(balancer, leaving.target, "healthy")
            with client(balancer, tmp_path) as http:
                slow, slower = (threads.submit(http.get, f"/slow?{seconds}") for seconds in (1.5, 8))
                until(lambda: sum(registration.outstanding for registration in balancer.targets.registrations()) == 2)
                balancer.register(GROUP, staying.target)
                wait_for_state(balancer, staying.target, "healthy")
                balancer.deregister(GROUP, leaving.target)
                assert balancer.health(GROUP, leaving.target).reason == "Target.DeregistrationInProgress"
                early = {http.get("/").json()["name"] for _ in range(4)}
                time.sleep(0.6)
                late = {http.get("/").json()["name"] for _ in range(10)}
                assert (early, late) == ({"leaving", "staying"}, {"staying"})
                assert slow.result().json()["name"] == "leaving"
                assert slower.result().status_code == 502  # it takes longer than the deregistration delay
            assert balancer.health(GROUP, leaving.target).state == "unused"


def test_the_configuration_can_change_while_requests_are_served(tmp_path):
    current = [configuration(idle_timeout=600)]
    with balancing(tmp_path, lambda: current[0]) as balancer, client(balancer, tmp_path) as http:
        assert http.get("/").status_code == 503
        before = dict(balancer.ports)
        rule = Rule(1, FixedResponse(200, "text/plain", "hi"), (PathPattern(("/*",)),))
        current[0] = configuration(rule, idle_timeout=600)
        until(lambda: http.get("/").text == "hi")
        assert dict(balancer.ports) == before
        current[0] = Configuration()
        until(lambda: not balancer.ports)
        # The client keeps a connection open, and no listener waits until it is closed.
        until(lambda: not any(listens(port) for port in before.values()))


def listens(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_a_busy_port_is_reported_and_used_once_it_is_free(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        balancer = Balancer(tmp_path / "balancer", Authority(tmp_path / "ca"), configuration, first_port=port)
        balancer.start()
        try:
            assert balancer.problems == [f"Port {port} is in use by another program; end it, or choose another port."]
            busy.close()
            until(lambda: not balancer.problems)
            with client(balancer, tmp_path) as http:
                assert http.get("/").status_code == 503
        finally:
            balancer.stop()


def test_the_access_log_has_the_same_fields_as_on_aws(served, tmp_path):
    balancer, http, target = served
    http.get("/x?y=1", headers={"User-Agent": 'a "b"'})
    log = tmp_path / "balancer" / "access.log"
    until(lambda: log.read_text())
    line = log.read_text().splitlines()[0]
    port = balancer.ports[BALANCER, 443]
    assert line.startswith("h2 ")
    assert f'"GET https://localhost:{port}/x?y=1 HTTP/2.0" "a %22b%22" ' in line
    assert " app/web/1 127.0.0.1:" in line
    assert f" 127.0.0.1:{target.target.port} 0.00" in line
    assert " 200 200 0 " in line
    assert f'{GROUP} "Root=1-' in line
    assert ' "localhost" "-" 0 ' in line
    assert json.loads((tmp_path / "balancer" / "ports.json").read_text())


# Rolling replacements


def _start_target():
    command = [sys.executable, str(Path(__file__).with_name("rolling_target.py"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, Target("127.0.0.1", int(process.stdout.readline()))


def _replace(balancer, old):
    """Replace targets as a deployment of ECS does: start new ones, and stop old ones once they are deregistered."""
    new = [_start_target() for _ in old]
    for _, target in new:
        balancer.register(GROUP, target)
    for _, target in new:
        wait_for_state(balancer, target, "healthy")
    for _, target in old:
        balancer.deregister(GROUP, target)
    for process, target in old:
        wait_for_state(balancer, target, "unused")
        process.terminate()
    for process, _ in old:
        assert process.wait(10) == 0
    return new


def test_no_request_of_10000_is_lost_in_three_replacements(tmp_path):
    group = TargetGroup(GROUP, "HTTP", "least_outstanding_requests", 3, DEFAULT_GROUP.health_check)
    targets, failures, counts = [], [], []
    with balancing(tmp_path, configuration(group=group)) as balancer:
        targets = _replace(balancer, [_start_target() for _ in range(2)])
        replaced = threading.Event()

        def send_requests(number):
            count = 0
            with client(balancer, tmp_path, http2=number % 2 == 0) as http:
                while count < 1250 or not replaced.is_set():
                    response = http.post("/", content=b"x" * 100)
                    if response.status_code != 200 or response.content != b"100":
                        failures.append((response.status_code, response.text))
                    count += 1
            counts.append(count)

        with ThreadPoolExecutor(8) as threads:
            clients = [threads.submit(send_requests, number) for number in range(8)]
            try:
                for _ in range(3):
                    targets = _replace(balancer, targets)
            finally:
                replaced.set()
            for future in clients:
                future.result()
        for process, _ in targets:
            process.terminate()
            process.wait(10)
    assert failures == []
    assert sum(counts) >= 10_000


# WebSockets


def _accept_key(head):
    key = re.search(rb"sec-websocket-key: *(\S+)", head, re.IGNORECASE)[1]
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def _frames(connection):
    """Opcode byte and unmasked payload of each frame of a client, until the connection ends."""
    reader = connection.makefile("rb")
    while start := reader.read(2):
        size = start[1] & 127
        size = int.from_bytes(reader.read({126: 2, 127: 8}.get(size, 0)), "big") or size
        mask, payload = reader.read(4), reader.read(size)
        yield start[0], bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def _websocket_echo(head, connection):
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: two\r\nSec-WebSocket-Accept: " + _accept_key(head) + b"\r\n\r\n"
    )
    for opcode, payload in _frames(connection):
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
        connection.sendall(bytes([opcode]) + size + payload)
        if opcode & 15 == 8:
            return


def _websocket_target(connection):
    head = read_head(connection)
    if b"GET /up " in head:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    elif b"GET /closed " in head:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nX-Reason: no\r\nContent-Length: 0\r\n\r\n")
    else:
        _websocket_echo(head, connection)


def test_websockets_keep_their_protocol_status_and_idle_timeout(tmp_path):
    async def talk(url, context):
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{url}/chat", ssl=context, protocols=["one", "two"]) as socket:
                assert socket.protocol == "two"
                await socket.send_str("hällo")
                assert (await socket.receive()).data == "hällo"
                await socket.send_bytes(bytes(50_000))
                assert (await socket.receive()).data == bytes(50_000)
            async with session.ws_connect(f"{url}/chat", ssl=context) as socket:
                message = await socket.receive(timeout=5)
                assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
            with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
                await session.ws_connect(f"{url}/closed", ssl=context)
            assert (raised.value.status, raised.value.headers["X-Reason"]) == (403, "no")

    context = ssl.create_default_context()
    with (
        raw_target(_websocket_target) as target,
        balancing(tmp_path, configuration(idle_timeout=1)) as balancer,
    ):
        context.load_verify_locations(tmp_path / "ca" / "ca.pem")
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        asyncio.run(talk(f"https://localhost:{balancer.ports[BALANCER, 443]}", context))
    lines = (tmp_path / "balancer" / "access.log").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["wss", "wss", "wss"]


def _heartbeats(connection):
    """A target that pings its WebSockets, or sends comments in an event stream, three times in two idle timeouts."""
    head = read_head(connection)
    if b"GET /up " in head:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return
    is_stream = b"GET /events " in head
    if is_stream:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
    else:
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + _accept_key(head) + b"\r\n\r\n"
        )
    for _ in range(3):
        time.sleep(0.7)
        connection.sendall(b": ping\n\n" if is_stream else b"\x89\x00")
    connection.sendall(b"data: last\n\n" if is_stream else b"\x81\x04last")
    while connection.recv(100):
        pass


def test_pings_of_the_app_keep_websockets_and_event_streams_open_until_it_is_silent(tmp_path):
    async def listen(url, context):
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url, ssl=context) as socket:
                assert (await socket.receive(timeout=10)).data == "last"
                message = await socket.receive(timeout=10)
                assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
            async with session.get(f"{url}/events", ssl=context) as response:
                assert await response.content.readuntil(b"\n\n") == b"data: first\n\n"
                assert b"data: last" in await response.content.readuntil(b"last\n\n")
                with pytest.raises(aiohttp.ClientPayloadError):  # the stream ends before the response is complete
                    await response.content.read()

    with (
        raw_target(_heartbeats) as target,
        balancing(tmp_path, configuration(idle_timeout=1)) as balancer,
    ):
        balancer.register(GROUP, target)
        wait_for_state(balancer, target, "healthy")
        context = ssl.create_default_context(cafile=tmp_path / "ca" / "ca.pem")
        asyncio.run(listen(f"https://localhost:{balancer.ports[BALANCER, 443]}", context))


def test_requests_with_the_cookie_of_a_target_reach_it_until_it_is_deregistered(tmp_path):
    group = replace(DEFAULT_GROUP, sticky_seconds=3600)
    with app("one") as first, app("two") as second, balancing(tmp_path, configuration(group=group)) as balancer:
        for target in (first.target, second.target):
            balancer.register(GROUP, target)
            wait_for_state(balancer, target, "healthy")
        with client(balancer, tmp_path) as visitor, client(balancer, tmp_path) as other:
            response = visitor.get("/")
            name = response.json()["name"]
            cookie, for_other_sites = response.headers.get_list("set-cookie")[-2:]
            assert re.fullmatch(r"AWSALB=[\w+/=]+; Expires=\w{3}, .+ GMT; Path=/", cookie)
            assert for_other_sites == cookie.replace("AWSALB", "AWSALBCORS") + "; SameSite=None; Secure"
            assert {visitor.get("/").json()["name"] for _ in range(6)} == {name}
            names = set()
            for _ in range(6):
                names.add(other.get("/").json()["name"])
                other.cookies.clear()
            assert names == {"one", "two"}
            balancer.deregister(GROUP, {"one": first, "two": second}[name].target)
            until(lambda: visitor.get("/").json()["name"] != name)
