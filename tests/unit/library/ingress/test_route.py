from itertools import product

import pulumi
import pytest
from flask_on_aws.ingress.route import Route, problems, rule_conditions
from hypothesis import given
from hypothesis import strategies as st

_ARGS = {"listener_arn": "arn:listener", "vpc_id": "vpc-1"}
_SECRET = {"origin_secret": "s3cret", "requires_origin_secret": True}


@pytest.fixture(autouse=True)
def aws(mocks):
    mocks.computed["TargetGroup"] = lambda args: {"arnSuffix": f"targetgroup/{args.name}/0"}
    return mocks


def test_the_target_group_of_tasks(deploy):
    deployed = deploy(lambda: Route("web", _ARGS))
    assert deployed.named("web") == {
        "targetType": "ip",
        "protocol": "HTTP",
        "port": 8080,
        "vpcId": "vpc-1",
        "deregistrationDelay": 20,
        "loadBalancingAlgorithmType": "least_outstanding_requests",
        "healthCheck": {
            "path": "/up",
            "matcher": "200",
            "interval": 5,
            "timeout": 3,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
    }


@pytest.mark.parametrize(
    ("seconds", "stickiness"),
    [
        (3600, {"type": "lb_cookie", "enabled": True, "cookieDuration": 3600}),
        # Without a value, AWS keeps what a group has.
        (0, {"type": "lb_cookie", "enabled": False}),
    ],
)
def test_sticky_sessions_have_the_load_balancer_s_cookie(deploy, seconds, stickiness):
    deployed = deploy(lambda: Route("web", {**_ARGS, "sticky_sessions": seconds}))
    assert deployed.named("web")["stickiness"] == stickiness


def test_another_port_makes_a_new_group_beside_the_old_one(deploy):
    seen = {}

    def watch(args):
        seen[args.name] = args.opts
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    opts = pulumi.ResourceOptions(transformations=[watch])
    deployed = deploy(lambda: Route("web", {**_ARGS, "port": 5000}, opts))
    assert deployed.named("web")["port"] == 5000
    assert "name" not in deployed.named("web")  # a fixed name could not exist twice: pulumi-aws#4220
    assert not any(options.delete_before_replace for options in seen.values())


def test_by_default_every_request_of_the_listener_is_forwarded(deploy):
    deployed = deploy(lambda: Route("web", _ARGS))
    assert deployed.of_type(":ListenerRule") == {
        "web-rule-1": {
            "listenerArn": "arn:listener",
            "priority": 100,
            "conditions": [{"pathPattern": {"values": ["/*"]}}],
            "actions": [{"type": "forward", "targetGroupArn": "arn:aws:mock:us-east-1:123456789012:web"}],
        }
    }
    assert deployed.outputs == {
        "target_group_arn": "arn:aws:mock:us-east-1:123456789012:web",
        "target_group_arn_suffix": "targetgroup/web/0",
        "rule_arns": ["arn:aws:mock:us-east-1:123456789012:web-rule-1"],
    }


def test_the_target_group_is_known_only_with_its_rules(mocks):
    """ECS rejects a target group that no load balancer uses, so whatever uses the ARN must wait for the rule."""
    found = {}

    def program():
        route = Route("web", _ARGS)

        async def dependencies():
            return {await r.urn.future() for r in await route.target_group_arn.resources()}

        return pulumi.Output.from_input(dependencies()).apply(lambda urns: found.update(urns=urns))

    pulumi.runtime.test(program)()
    assert sorted(urn.rsplit("::", 1)[1] for urn in found["urns"]) == ["web", "web-rule-1"]


def test_many_hosts_are_split_over_rules_with_consecutive_priorities(deploy):
    hosts = [f"h{n}.example.com" for n in range(7)]
    deployed = deploy(lambda: Route("web", {**_ARGS, "hosts": hosts, "priority": 7}))
    assert deployed.named("web-rule-1")["conditions"] == [{"hostHeader": {"values": hosts[:5]}}]
    assert deployed.named("web-rule-2")["conditions"] == [{"hostHeader": {"values": hosts[5:]}}]
    assert [deployed.named(f"web-rule-{n}")["priority"] for n in (1, 2)] == [7, 8]
    assert len(deployed.outputs["rule_arns"]) == 2


def test_behind_cloudfront_every_rule_demands_the_secret_and_keeps_it_one(deploy):
    hosts = [f"h{n}.example.com" for n in range(5)]
    deployed = deploy(lambda: Route("web", {**_ARGS, **_SECRET, "hosts": hosts}))
    rules = deployed.of_type(":ListenerRule")
    assert len(rules) == 2
    for rule in rules.values():
        sealed = rule["conditions"]  # Pulumi marks the whole property
        assert sealed[pulumi.runtime.rpc._special_sig_key] == pulumi.runtime.rpc._special_secret_sig
        assert sealed["value"][1:] == [{"httpHeader": {"httpHeaderName": "X-Origin-Verify", "values": ["s3cret"]}}]


@pytest.mark.parametrize(
    ("hosts", "paths", "has_secret", "rules"),
    [
        ([], ["/*"], False, [([], ["/*"])]),
        ([], ["/*"], True, [([], [])]),
        (["a"], ["/*"], False, [(["a"], [])]),
        (["a"], ["/*", "/b"], False, [(["a"], [])]),
        ([], ["/a", "/b"], True, [([], ["/a", "/b"])]),
        (["a", "b"], ["/a", "/b", "/c"], False, [(["a", "b"], ["/a", "/b", "/c"])]),
        (list("abcde"), ["/*"], True, [(list("abcd"), []), (["e"], [])]),
        (list("abcd"), ["/a", "/b"], False, [(["a", "b"], ["/a", "/b"]), (["c", "d"], ["/a", "/b"])]),
    ],
)
def test_conditions_of_rules(hosts, paths, has_secret, rules):
    assert rule_conditions(hosts, paths, has_secret) == rules


_names = st.lists(st.sampled_from([f"/{letter}" for letter in "abcdefghijklmn"]), unique=True)


@given(hosts=_names, paths=_names.filter(bool), has_secret=st.booleans())
def test_rules_cover_each_host_and_path_once_within_the_quota(hosts, paths, has_secret):
    rules = rule_conditions(hosts, paths, has_secret)
    assert all(len(h) + len(p) + has_secret <= 5 for h, p in rules)
    assert all(h or p for h, p in rules)
    covered = [pair for h, p in rules for pair in product(h or [""], p)]
    assert sorted(covered) == sorted(product(hosts or [""], paths))


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({**_ARGS, "port": 0}, "port", "0 must be a whole number from 1 to 65535."),
        ({**_ARGS, "deregistration_delay": 3601}, "deregistration_delay", "3601 must be a whole number from 0 to 3600"),
        ({**_ARGS, "health_check_path": "up"}, "health_check_path", "'up' must start with a slash"),
        ({**_ARGS, "paths": ["/a b"]}, "paths", "'/a b' must start with a slash and have at most 128 characters"),
        ({**_ARGS, "paths": []}, "paths", "An empty list forwards nothing to the app"),
        ({**_ARGS, "hosts": [""]}, "hosts", "An empty host name matches nothing"),
        ({**_ARGS, "priority": 0}, "priority", "0 must be a whole number from 1 to 50000."),
        ({**_ARGS, "requires_origin_secret": True}, "origin_secret", "requires_origin_secret is true"),
        ({**_ARGS, "origin_secret": "s"}, "requires_origin_secret", "An origin_secret is given but not required"),
        (
            {**_ARGS, "priority": 50000, "hosts": list("abcdef")},
            "priority",
            "50000 is too high for 2 rules; use at most 49999.",
        ),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


def test_a_name_too_long_for_a_target_group_is_rejected_before_anything_is_made(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="use at most 24"):
        Route("a" * 25, _ARGS)
    assert mocks.resources == []
