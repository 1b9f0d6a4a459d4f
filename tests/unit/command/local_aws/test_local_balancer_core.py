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
from flask_on_aws_cli.local_aws.load_balancer.health import FAILED, TIMED_OUT, Checkup, answered, examined
from flask_on_aws_cli.local_aws.load_balancer.ports import assign_ports
from flask_on_aws_cli.local_aws.load_balancer.requests.headers import (
    end_to_end,
    forwarded,
    head_problem,
    new_trace_id,
    traced,
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
    """The definition, a character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slow_match(pattern[1:], text) or (bool(text) and slow_match(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_match(pattern[1:], text[1:])


@given(TEXT, TEXT)
def test_wildcards_mean_what_aws_says_and_nothing_else_is_special(pattern, text):
    assert matches(pattern, text) == slow_match(pattern, text)


@pytest.mark.parametrize(
    ("condition", "met"),
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
def test_each_kind_of_condition(condition, met):
    headers = [("X-Key", "off"), ("X-Key", "one")]
    request = Request("PUT", "shop.example:8443", "/img/a", "v=1&mode=on%20top", headers, "10.1.2.3")
    default = Rule(None, FixedResponse(404))
    rule = Rule(5, FixedResponse(200), (condition,))
    assert choose_rule([default, rule], request) is (rule if met else default)


@given(st.permutations([None, 1, 2, 10, 50_000]))
def test_the_lowest_priority_wins_and_the_default_is_last(order):
    rules = [Rule(priority, FixedResponse(200)) for priority in order]
    request = Request("GET", "x", "/")
    for wanted in (1, 2, 10, 50_000, None):
        chosen = choose_rule(rules, request)
        assert chosen is not None
        assert chosen.priority == wanted
        rules.remove(chosen)
    assert choose_rule(rules, request) is None


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5), st.floats(0, 1, exclude_max=True))
def test_a_group_gets_the_share_of_its_weight(weights, chance):
    chosen = choose_group(Forward(tuple((str(n), weight) for n, weight in enumerate(weights))), chance)
    if not any(weights):
        assert chosen is None
    else:
        place = int(chosen)
        assert sum(weights[:place]) <= chance * sum(weights) + 1e-6
        assert chance * sum(weights) <= sum(weights[: place + 1]) + 1e-6
        assert weights[place] > 0


@pytest.mark.parametrize(
    ("action", "location"),
    [
        (Redirect(protocol="HTTPS", port="443"), "https://shop.example:8443/a/b?c=d"),
        (Redirect(), "http://shop.example:8080/a/b?c=d"),
        (Redirect(host="new.#{host}", path="/v2/#{path}", query=""), "http://new.shop.example:8080/v2/a/b"),
        (Redirect(port="9000", query="from=#{port}&#{query}"), "http://shop.example:9000/a/b?from=8080&c=d"),
    ],
)
def test_redirects_keep_what_they_do_not_change_and_lead_to_ports_that_answer(action, location):
    request = Request("GET", "shop.example:8080", "/a/b", "c=d")
    assert redirect_location(action, request, "http", 8080, {443: 8443, 80: 8080}) == location


# Header fields


@pytest.mark.parametrize(
    ("mode", "expected"), [("append", "1.1.1.1, 2.2.2.2, 10.0.0.9"), ("preserve", "1.1.1.1|2.2.2.2"), ("remove", "")]
)
def test_the_client_is_told_as_the_attribute_says_and_its_own_claims_do_not_count(mode, expected):
    came = [
        ("X-Forwarded-For", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        ("X-Forwarded-Proto", "https"),
        ("X-FORWARDED-PORT", "1"),
    ]
    sent = forwarded(came, "10.0.0.9", "http", 80, mode)
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
def test_fields_of_the_connection_stay_on_it(headers):
    left = end_to_end(headers)
    named = {part.strip().lower() for name, value in headers if name == "Connection" for part in value.split(",")}
    assert left == [pair for pair in headers if pair[0] in ("X-A", "X-B") and pair[0].lower() not in named]


def test_names_with_other_characters_than_letters_digits_and_hyphens_are_dropped():
    assert without_invalid([("X-A1", ""), ("X_A", ""), ("X.A", ""), ("Ä", "")]) == [("X-A1", "")]


FRESH = "Root=1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("came", "sent"),
    [
        (None, FRESH),
        ("Root=1-1-2", "Self=1-67891233-abcdef012345678912345678;Root=1-1-2"),
        ("Self=1-8-9;Root=1-1-2;CalledFrom=app", "Self=1-67891233-abcdef012345678912345678;Root=1-1-2;CalledFrom=app"),
        ("CalledFrom=app", f"{FRESH};CalledFrom=app"),
    ],
)
def test_a_trace_id_that_came_is_kept_as_the_root(came, sent):
    headers = [("Accept", "*")] + ([("x-amzn-trace-id", came)] if came else [])
    assert traced(headers, FRESH) == ([("Accept", "*"), ("X-Amzn-Trace-Id", sent)], sent)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", new_trace_id())


@pytest.mark.parametrize(
    ("method", "target", "more", "status"),
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
def test_heads_beyond_the_quotas_are_refused(method, target, more, status):
    assert head_problem(method, target, [("Host", "one"), *more]) == status


# Health

CHECK = HealthCheck(matcher="200,300-302", healthy_threshold=3, unhealthy_threshold=2)


def after(*checks):
    now = Checkup()
    for failure in checks:
        now = examined(now, failure, CHECK)
    return now.health


def test_a_new_target_needs_one_pass_and_an_unhealthy_one_the_threshold():
    assert after().reason == "Elb.RegistrationInProgress"
    assert after(None).state == "healthy"
    assert after(FAILED).reason == "Elb.InitialHealthChecking"
    assert after(FAILED, None).state == "healthy"
    assert after(FAILED, TIMED_OUT)[:2] == ("unhealthy", "Target.Timeout")
    assert after(None, FAILED).state == "healthy"
    assert after(None, FAILED, None, FAILED).state == "healthy"
    assert after(None, FAILED, FAILED).state == "unhealthy"
    assert after(FAILED, FAILED, None, None).state == "unhealthy"
    assert after(FAILED, FAILED, None, FAILED, None, None).state == "unhealthy"
    assert after(FAILED, FAILED, None, None, None).state == "healthy"


@given(st.lists(st.sampled_from([None, FAILED, TIMED_OUT])))
def test_health_follows_the_last_run_of_checks(checks):
    state = after(*checks).state
    last = checks[-CHECK.unhealthy_threshold :]
    if len(last) == CHECK.unhealthy_threshold and None not in last:
        assert state == "unhealthy"
    if len(checks) >= CHECK.healthy_threshold and not any(checks[-CHECK.healthy_threshold :]):
        assert state == "healthy"
    assert state != "initial" or None not in checks


def test_the_matcher_takes_lists_and_ranges():
    assert [status for status in range(199, 304) if answered(status, CHECK) is None] == [200, 300, 301, 302]
    assert answered(503, CHECK).description == "Health checks failed with these codes: [503]"


# Targets

ONE, TWO = Target("127.0.0.1", 1), Target("127.0.0.1", 2)
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
    one = TargetTable(lag=2, clock=clock)
    for target in (ONE, TWO):
        one.register("g", target)
    for registration in one.registrations():
        one.examine(registration, None, CHECK)
    return one


def chosen(table, times=4):
    """Targets of requests that are over before the next one comes."""
    taken = []
    for _ in range(times):
        registration = table.choose(GROUP)
        taken.append(registration.target)
        table.release(registration)
    return taken


def test_the_least_busy_target_is_next_and_equals_take_turns(table):
    assert chosen(table) == [ONE, TWO, ONE, TWO]
    busy = table.choose(GROUP)
    assert set(chosen(table)) == {ONE, TWO} - {busy.target}


def test_unhealthy_targets_get_requests_only_while_all_are(table):
    one, two = table.registrations()
    for _ in range(2):
        table.examine(one, FAILED, CHECK)
    assert set(chosen(table)) == {TWO}
    for _ in range(2):
        table.examine(two, FAILED, CHECK)
    assert set(chosen(table)) == {ONE, TWO}


def test_a_leaving_target_is_routed_to_for_a_moment_and_forgotten_after_the_delay(table, clock):
    table.deregister("g", ONE)
    clock.now = 1.9
    assert set(chosen(table)) == {ONE, TWO}
    clock.now = 2.1
    assert set(chosen(table)) == {TWO}
    assert table.health("g", ONE).state == "draining"
    assert list(table.expire(lambda _: 10)) == []
    table.deregister("g", ONE)  # again, which begins no new delay
    clock.now = 10.1
    assert [one.target for one in table.expire(lambda _: 10)] == [ONE]
    assert table.health("g", ONE).reason == "Target.NotRegistered"
    table.deregister("g", TWO)
    clock.now = 13
    assert table.choose(GROUP) is None


def test_a_target_that_comes_back_while_it_leaves_is_new(table):
    table.deregister("g", ONE)
    table.register("g", ONE)
    assert table.health("g", ONE).reason == "Elb.RegistrationInProgress"
    assert len(table.registrations()) == 2
    table.register("g", TWO)
    assert table.health("g", TWO).state == "healthy"


# Ports


def balancer(arn, *ports, edge=None):
    listeners = [Listener(f"{arn}/{port}", port, "HTTP", (), edge_headers=edge) for port in ports]
    return LoadBalancer(arn, tuple(listeners))


def test_https_has_the_projects_port_and_http_the_next():
    wanted = Configuration((balancer("a", 80, 443), balancer("b", 443, 80)))
    ports = assign_ports(wanted, 8443, {}, lambda port: port != 8445)
    assert ports == {("a", 443): 8443, ("a", 80): 8444, ("b", 443): 8446, ("b", 80): 8447}
    assert assign_ports(Configuration((balancer("b", 443, 80),)), 8443, ports, lambda _: True) == {
        ("b", 443): 8446,
        ("b", 80): 8447,
    }
    assert assign_ports(Configuration((balancer("a", 80, edge=()),)), 8443, {}, lambda _: False) == {("a", 80): 8443}


def test_the_next_load_balancer_behind_cloudfront_takes_the_project_s_port_when_the_first_has_gone():
    both = Configuration((balancer("a", 80, edge=()), balancer("b", 80, edge=())))
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
    wanted = Configuration(tuple(balancer(arn, *ports) for arn, ports in balancers))
    ports = assign_ports(wanted, 100, {("a", 1): 105}, lambda port: port not in busy)
    assert len(set(ports.values())) == len(ports) == sum(len(numbers) for _, numbers in balancers)
    assert all(port not in busy or port in (100, 105) for port in ports.values())
