import re

import pytest
from flask_on_aws_cli.local_aws.load_balancer.configuration import (
    Configuration,
    FixedResponse,
    Forward,
    HealthCheck,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    Listener,
    LoadBalancer,
    PathPattern,
    QueryString,
    Redirect,
    Rule,
    SourceIp,
    TargetGroup,
)
from flask_on_aws_cli.local_aws.load_balancer.health import (
    FAILED,
    TIMED_OUT,
    HealthState,
    after_check,
    response_failure,
)
from flask_on_aws_cli.local_aws.load_balancer.ports import assign_ports
from flask_on_aws_cli.local_aws.load_balancer.requests.headers import (
    end_to_end,
    forwarded,
    new_trace_id,
    rejection_status,
    with_trace_id,
    without_invalid,
)
from flask_on_aws_cli.local_aws.load_balancer.rules import (
    Request,
    choose_group,
    choose_rule,
    matches,
    redirect_location,
)
from flask_on_aws_cli.local_aws.load_balancer.targets import TargetTable
from flask_on_aws_cli.local_project.location import Target
from hypothesis import given
from hypothesis import strategies as st

# Rules

TEXT = st.text(alphabet="ab*?.[/", max_size=8)


def slow_match(pattern, text):
    """The definition, evaluated one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slow_match(pattern[1:], text) or (bool(text) and slow_match(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_match(pattern[1:], text[1:])


@given(TEXT, TEXT)
def test_only_the_wildcards_of_aws_are_special(pattern, text):
    assert matches(pattern, text) == slow_match(pattern, text)


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (HostHeader(("a.example", "SHOP.*")), True),
        (HostHeader(("example",)), False),
        (PathPattern(("/img/*",)), True),
        (PathPattern(("/IMG/*",)), False),
        (HttpHeader("x-key", ("On?",)), True),
        (HttpHeader("x-key", ("on",)), False),
        (HttpHeader("absent", ("*",)), False),
        (HttpRequestMethod(("GET", "PUT")), True),
        (HttpRequestMethod(("put",)), False),
        (QueryString((("v", "1"), (None, "no"))), True),
        (QueryString(((None, "ON*"),)), True),
        (QueryString((("w", "1"),)), False),
        (SourceIp(("10.0.0.0/8",)), True),
        (SourceIp(("192.0.2.0/24", "2001:db8::/32")), False),
    ],
)
def test_each_kind_of_condition(condition, is_met):
    headers = [("X-Key", "off"), ("X-Key", "one")]
    request = Request("PUT", "shop.example:8443", "/img/a", "v=1&mode=on%20top", headers, "10.1.2.3")
    default = Rule(None, FixedResponse(404))
    rule = Rule(5, FixedResponse(200), (condition,))
    assert choose_rule([default, rule], request) is (rule if is_met else default)


@given(st.permutations([None, 1, 2, 10, 50_000]))
def test_the_lowest_priority_wins_and_the_default_is_last(order):
    rules = [Rule(priority, FixedResponse(200)) for priority in order]
    request = Request("GET", "x", "/")
    for priority in (1, 2, 10, 50_000, None):
        chosen = choose_rule(rules, request)
        assert chosen is not None
        assert chosen.priority == priority
        rules.remove(chosen)
    assert choose_rule(rules, request) is None


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5), st.floats(0, 1, exclude_max=True))
def test_a_group_gets_the_share_of_its_weight(weights, chance):
    chosen = choose_group(Forward(tuple((str(n), weight) for n, weight in enumerate(weights))), chance)
    if not any(weights):
        assert chosen is None
    else:
        index = int(chosen)
        assert sum(weights[:index]) <= chance * sum(weights) + 1e-6
        assert chance * sum(weights) <= sum(weights[: index + 1]) + 1e-6
        assert weights[index] > 0


@pytest.mark.parametrize(
    ("action", "location"),
    [
        (Redirect(protocol="HTTPS", port="443"), "https://shop.example:8443/a/b?c=d"),
        (Redirect(), "http://shop.example:8080/a/b?c=d"),
        (Redirect(host="new.#{host}", path="/v2/#{path}", query=""), "http://new.shop.example:8080/v2/a/b"),
        (Redirect(port="9000", query="from=#{port}&#{query}"), "http://shop.example:9000/a/b?from=8080&c=d"),
    ],
)
def test_redirects_keep_unchanged_parts_and_lead_to_local_ports(action, location):
    request = Request("GET", "shop.example:8080", "/a/b", "c=d")
    assert redirect_location(action, request, "http", 8080, {443: 8443, 80: 8080}) == location


# Header fields


@pytest.mark.parametrize(
    ("mode", "expected"), [("append", "1.1.1.1, 2.2.2.2, 10.0.0.9"), ("preserve", "1.1.1.1|2.2.2.2"), ("remove", "")]
)
def test_forwarded_headers_follow_the_attribute_and_ignore_the_clients_protocol_and_port(mode, expected):
    received = [
        ("X-Forwarded-For", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        ("X-Forwarded-Proto", "https"),
        ("X-FORWARDED-PORT", "1"),
    ]
    sent = forwarded(received, "10.0.0.9", "http", 80, mode)
    values = [(name.lower(), value) for name, value in sent]
    assert "|".join(value for name, value in values if name == "x-forwarded-for") == expected
    assert [value for name, value in values if name == "x-forwarded-proto"] == ["http"]
    assert [value for name, value in values if name == "x-forwarded-port"] == ["80"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Connection", "TE", "X-A", "X-B", "Keep-Alive"]),
            st.sampled_from(["x-a", "close, X-B", "v"]),
        )
    )
)
def test_hop_by_hop_fields_are_not_forwarded(headers):
    forwarded_headers = end_to_end(headers)
    named = {token.strip().lower() for name, value in headers if name == "Connection" for token in value.split(",")}
    assert forwarded_headers == [pair for pair in headers if pair[0] in ("X-A", "X-B") and pair[0].lower() not in named]


def test_names_with_other_characters_than_letters_digits_and_hyphens_are_dropped():
    assert without_invalid([("X-A1", ""), ("X_A", ""), ("X.A", ""), ("Ä", "")]) == [("X-A1", "")]


NEW_ID = "Root=1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (None, NEW_ID),
        ("Root=1-1-2", "Self=1-67891233-abcdef012345678912345678;Root=1-1-2"),
        ("Self=1-8-9;Root=1-1-2;CalledFrom=app", "Self=1-67891233-abcdef012345678912345678;Root=1-1-2;CalledFrom=app"),
        ("CalledFrom=app", f"{NEW_ID};CalledFrom=app"),
    ],
)
def test_the_root_of_a_received_trace_id_is_kept(received, sent):
    headers = [("Accept", "*")] + ([("x-amzn-trace-id", received)] if received else [])
    assert with_trace_id(headers, NEW_ID) == ([("Accept", "*"), ("X-Amzn-Trace-Id", sent)], sent)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", new_trace_id())


@pytest.mark.parametrize(
    ("method", "target", "extra_headers", "status"),
    [
        ("GET", "/", [], None),
        ("TRACE", "/", [], 405),
        ("OPTIONS", "*", [], 400),
        ("GET", "/" + "a" * 16_361, [], None),
        ("GET", "/" + "a" * 16_400, [], 414),
        ("GET", "/", [("Host", "two")], 400),
        ("GET", "/", [("A", "b" * 16_400)], 400),
        ("GET", "/", [(f"A{n}", "b" * 16_000) for n in range(4)], None),
        ("GET", "/", [(f"A{n}", "b" * 16_000) for n in range(5)], 400),
        ("GET", "/", [("X-Forwarded-For", "a" + ",a" * 29)], None),
        ("GET", "/", [("X-Forwarded-For", "a" + ",a" * 29), ("x-forwarded-for", "b")], 463),
    ],
)
def test_requests_beyond_the_quotas_are_rejected(method, target, extra_headers, status):
    assert rejection_status(method, target, [("Host", "one"), *extra_headers]) == status


# Health

CHECK = HealthCheck(matcher="200,300-302", healthy_threshold=3, unhealthy_threshold=2)


def health_after(*checks):
    state = HealthState()
    for failure in checks:
        state = after_check(state, failure, CHECK)
    return state.health


def test_a_new_target_needs_one_pass_and_an_unhealthy_one_the_threshold():
    assert health_after().reason == "Elb.RegistrationInProgress"
    assert health_after(None).state == "healthy"
    assert health_after(FAILED).reason == "Elb.InitialHealthChecking"
    assert health_after(FAILED, None).state == "healthy"
    assert health_after(FAILED, TIMED_OUT)[:2] == ("unhealthy", "Target.Timeout")
    assert health_after(None, FAILED).state == "healthy"
    assert health_after(None, FAILED, None, FAILED).state == "healthy"
    assert health_after(None, FAILED, FAILED).state == "unhealthy"
    assert health_after(FAILED, FAILED, None, None).state == "unhealthy"
    assert health_after(FAILED, FAILED, None, FAILED, None, None).state == "unhealthy"
    assert health_after(FAILED, FAILED, None, None, None).state == "healthy"


@given(st.lists(st.sampled_from([None, FAILED, TIMED_OUT])))
def test_health_follows_the_latest_checks(checks):
    state = health_after(*checks).state
    last = checks[-CHECK.unhealthy_threshold :]
    if len(last) == CHECK.unhealthy_threshold and None not in last:
        assert state == "unhealthy"
    if len(checks) >= CHECK.healthy_threshold and not any(checks[-CHECK.healthy_threshold :]):
        assert state == "healthy"
    assert state != "initial" or None not in checks


def test_the_matcher_accepts_lists_and_ranges():
    assert [status for status in range(199, 304) if response_failure(status, CHECK) is None] == [200, 300, 301, 302]
    assert response_failure(503, CHECK).description == "Health checks failed with these codes: [503]"


# Targets

FIRST, SECOND = Target("127.0.0.1", 1), Target("127.0.0.1", 2)
GROUP = TargetGroup("g", algorithm="least_outstanding_requests", deregistration_delay=10)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(clock):
    targets = TargetTable(lag=2, clock=clock)
    for target in (FIRST, SECOND):
        targets.register("g", target)
    for registration in targets.registrations():
        targets.record_check(registration, None, CHECK)
    return targets


def choose_targets(table, times=4):
    """The targets of consecutive requests."""
    targets = []
    for _ in range(times):
        registration = table.choose(GROUP)
        targets.append(registration.target)
        table.release(registration)
    return targets


def test_the_least_busy_target_is_next_and_equally_busy_ones_take_turns(table):
    assert choose_targets(table) == [FIRST, SECOND, FIRST, SECOND]
    busy = table.choose(GROUP)
    assert set(choose_targets(table)) == {FIRST, SECOND} - {busy.target}


def test_unhealthy_targets_get_requests_only_while_all_are(table):
    first, second = table.registrations()
    for _ in range(2):
        table.record_check(first, FAILED, CHECK)
    assert set(choose_targets(table)) == {SECOND}
    for _ in range(2):
        table.record_check(second, FAILED, CHECK)
    assert set(choose_targets(table)) == {FIRST, SECOND}


def test_a_draining_target_gets_requests_for_a_moment_and_is_removed_after_the_delay(table, clock):
    table.deregister("g", FIRST)
    clock.now = 1.9
    assert set(choose_targets(table)) == {FIRST, SECOND}
    clock.now = 2.1
    assert set(choose_targets(table)) == {SECOND}
    assert table.health("g", FIRST).state == "draining"
    assert list(table.remove_drained(lambda _: 10)) == []
    table.deregister("g", FIRST)  # again, which does not restart the delay
    clock.now = 10.1
    assert [registration.target for registration in table.remove_drained(lambda _: 10)] == [FIRST]
    assert table.health("g", FIRST).reason == "Target.NotRegistered"
    table.deregister("g", SECOND)
    clock.now = 13
    assert table.choose(GROUP) is None


def test_a_target_that_is_registered_again_while_it_drains_is_new(table):
    table.deregister("g", FIRST)
    table.register("g", FIRST)
    assert table.health("g", FIRST).reason == "Elb.RegistrationInProgress"
    assert len(table.registrations()) == 2
    table.register("g", SECOND)
    assert table.health("g", SECOND).state == "healthy"


# Ports


def balancer(arn, *ports, edge_headers=None):
    listeners = [
        Listener(f"{arn}/{port}", port, "HTTP" if port == 80 else "HTTPS", (), edge_headers=edge_headers)
        for port in ports
    ]
    return LoadBalancer(arn, tuple(listeners))


def test_https_gets_the_projects_port_and_http_the_next():
    configuration = Configuration((balancer("a", 80, 443), balancer("b", 443, 80)))
    ports = assign_ports(configuration, 8443, {}, lambda port: port != 8445)
    assert ports == {("a", 443): 8443, ("a", 80): 8444, ("b", 443): 8446, ("b", 80): 8447}
    assert assign_ports(Configuration((balancer("b", 443, 80),)), 8443, ports, lambda _: True) == {
        ("b", 443): 8446,
        ("b", 80): 8447,
    }
    assert assign_ports(Configuration((balancer("a", 80, edge_headers=()),)), 8443, {}, lambda _: False) == {
        ("a", 80): 8443
    }


def test_a_plain_listener_leaves_the_projects_port_to_the_https_listener_that_is_created_later():
    ports = assign_ports(Configuration((balancer("a", 80),)), 8443, {}, lambda _: True)
    assert ports == {("a", 80): 8444}
    ports = assign_ports(Configuration((balancer("a", 80, 443),)), 8443, ports, lambda _: True)
    assert ports == {("a", 80): 8444, ("a", 443): 8443}


def test_a_listener_moves_to_the_projects_port_once_cloudfront_is_in_front_of_it():
    ports = assign_ports(Configuration((balancer("a", 80),)), 8443, {}, lambda _: True)
    ports = assign_ports(Configuration((balancer("a", 80, edge_headers=()),)), 8443, ports, lambda _: True)
    assert ports == {("a", 80): 8443}
    both = Configuration((balancer("a", 80, edge_headers=()), balancer("b", 80, 443)))
    assert assign_ports(both, 8443, ports, lambda _: True) == {("a", 80): 8443, ("b", 443): 8444, ("b", 80): 8445}
    https = Configuration((balancer("a", 80, edge_headers=()), balancer("b", 443)))
    kept = {("b", 443): 8443, ("a", 80): 8444}
    assert assign_ports(https, 8443, kept, lambda _: True) == kept


def test_the_next_load_balancer_behind_cloudfront_gets_the_projects_port_once_the_first_is_deleted():
    both = Configuration((balancer("a", 80, edge_headers=()), balancer("b", 80, edge_headers=())))
    ports = assign_ports(both, 8443, {}, lambda _: True)
    assert ports == {("a", 80): 8443, ("b", 80): 8444}
    assert assign_ports(Configuration(both.load_balancers[1:]), 8443, ports, lambda _: True) == {("b", 80): 8443}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.integers(1, 9), max_size=4)), max_size=3, unique_by=lambda x: x[0]
    ),
    st.sets(st.integers(100, 110)),
)
def test_no_two_listeners_share_a_port(balancers, busy):
    configuration = Configuration(tuple(balancer(arn, *ports) for arn, ports in balancers))
    ports = assign_ports(configuration, 100, {("a", 1): 105}, lambda port: port not in busy)
    assert len(set(ports.values())) == len(ports) == sum(len(numbers) for _, numbers in balancers)
    assert all(port not in busy or port in (100, 105) for port in ports.values())
