"""What changes of a stack do to its cost: by resource, by property and by setting, computed by hand."""

from decimal import Decimal

import pytest
from flask_on_aws_cli.review.cost.compare_costs import CostOptions, compare_costs
from flask_on_aws_cli.review.cost.settings import changed_settings, setting_costs
from flask_on_aws_cli.review.cost.usage import Usage
from flask_on_aws_cli.review.cost_model import cents
from flask_on_aws_cli.review.inputs.errors import ReviewError

from tests.unit.command.review.graphs import resource
from tests.unit.command.review.stacks import PRODUCTION, stack_of

RDS, NAT = "aws:rds/instance:Instance", "aws:ec2/natGateway:NatGateway"


def compared(before, after, region="us-east-1", **options):
    return compare_costs({each.urn: each for each in before}, after, region, CostOptions(**options))


def deltas(report):
    """Resource → difference, and the properties that cause it."""
    return {
        cost.name: (str(cents(cost.delta)), [sorted(change.properties) for change in cost.changes])
        for cost in report.resources
        if cost.delta
    }


@pytest.mark.parametrize(
    ("before", "after", "total", "expected"),
    [
        (
            # 730 x (0.25 x 0.04048 + 0.5 x 0.004445) more.
            {},
            {"cpu": 512, "memory": 1024},
            "9.01",
            {"app-web": ("9.01", [["app-web.cpu"], ["app-web.memory"]])},
        ),
        (
            # 730 x (0.25 x (0.03238 - 0.04048) + 0.5 x (0.00356 - 0.004445))
            {},
            {"architecture": "arm64"},
            "-1.80",
            {"app-web": ("-1.80", [["app-web.runtimePlatform.cpuArchitecture"]])},
        ),
        (
            # Two more tasks: each 9.010 and an address of 3.65.
            {"min_tasks": 1, "max_tasks": 4},
            {"min_tasks": 3, "max_tasks": 4},
            "25.32",
            {"app-web": ("25.32", [["app-scaling.minCapacity"]])},
        ),
        ({"max_tasks": 4}, {"max_tasks": 8}, "0.00", {}),
        (
            # 730 x (0.032 - 0.016) and 60 x 0.115
            {},
            {"database_instance_class": "db.t4g.small", "database_storage_gib": 80},
            "18.58",
            {"app-db": ("18.58", [["app-db.instanceClass"], ["app-db.allocatedStorage"]])},
        ),
        (
            # 730 x 0.016 and 20 x 0.115 for the standby.
            {},
            {"database_multi_az": True},
            "13.98",
            {"app-db": ("13.98", [["app-db.multiAz"]])},
        ),
        (
            # A gateway with its address, instead of the addresses of two tasks.
            PRODUCTION,
            {**PRODUCTION, "egress": "nat"},
            "29.20",
            {
                "app-network-nat-1": ("32.85", []),
                "app-network-nat-1-address": ("3.65", []),
                "app-web": ("-7.30", [["app-web.networkConfiguration.assignPublicIp"]]),
            },
        ),
        (
            {},
            {"cache": "valkey"},
            "9.74",  # 730 x 0.0128 and a secret
            {"app-cache": ("9.34", []), "app-cache-login": ("0.40", [])},
        ),
        (
            # A worker of the size of the web tasks, with an address.
            {},
            {"workers": {"mail": "python -m mail"}},
            "12.66",
            {"app-mail": ("12.66", [])},
        ),
        ({"waf": "count"}, {"waf": "block"}, "0.00", {}),
    ],
)
def test_what_a_setting_costs(before, after, total, expected):
    report = compared(stack_of(**before), stack_of(**after))
    assert (str(cents(report.delta)), deltas(report)) == (total, expected)
    back = compared(stack_of(**after), stack_of(**before))
    assert cents(back.delta) == -cents(report.delta)


def test_two_properties_of_one_price_are_named_together():
    old = {"engine": "postgres", "instanceClass": "db.t4g.micro", "multiAz": False}
    new = {**old, "instanceClass": "db.t4g.small", "multiAz": True}
    storage = {"allocatedStorage": 20, "storageType": "gp3"}
    report = compared([resource(RDS, "db", {**old, **storage})], [resource(RDS, "db", {**new, **storage})])
    first, second = report.resources[0].changes
    assert first.properties == {
        "db.instanceClass": ("db.t4g.micro", "db.t4g.small"),
        "db.multiAz": (False, True),
    }
    assert str(first.delta) == "35.040"  # 730 x (0.064 - 0.016)
    assert (second.properties, str(second.delta)) == ({"db.multiAz": (False, True)}, "2.300")


def test_a_price_that_appears_or_goes_away_has_its_property_on_both_sides():
    (service,) = [
        cost
        for cost in compared(stack_of(**PRODUCTION), stack_of(**PRODUCTION, egress="nat")).resources
        if cost.name == "app-web"
    ]
    assert service.changes[0].properties == {"app-web.networkConfiguration.assignPublicIp": (True, False)}
    large = {"allocatedStorage": 20, "storageType": "gp3", "engine": "postgres", "instanceClass": "db.t4g.micro"}
    report = compared([resource(RDS, "db", large)], [resource(RDS, "db", {**large, "iops": 4000})])
    (change,) = report.resources[0].changes
    assert (change.properties, change.delta) == ({"db.iops": (None, 4000)}, 20)  # 1,000 x 0.02


def test_a_renamed_resource_costs_the_same():
    old, new = resource(NAT, "old"), resource(NAT, "new", aliases=[resource(NAT, "old").urn])
    report = compared([old], [new])
    assert (report.delta, [cost.name for cost in report.resources]) == (0, ["new"])
    inputs = {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20, "storageType": "gp3"}
    before = resource(RDS, "old", inputs)
    after = resource(RDS, "new", {**inputs, "allocatedStorage": 30}, aliases=[before.urn])
    (change,) = compared([before], [after]).resources[0].changes
    assert change.properties == {"new.allocatedStorage": (20, 30)}


def test_another_region_changes_every_price():
    report = compare_costs({resource(NAT).urn: resource(NAT)}, [resource(NAT)], "eu-west-1", CostOptions(), "us-east-1")
    (change,) = report.resources[0].changes
    assert (change.properties, str(change.delta)) == ({}, "2.190")  # 730 x (0.048 - 0.045)


def test_usage_is_counted_apart():
    usage = Usage({"natGb": Decimal(100)}, {"second": {"natGb": Decimal(10)}})
    report = compared([resource(NAT, "first")], [resource(NAT, "first"), resource(NAT, "second")], usage=usage)
    assert (cents(report.before.fixed), cents(report.before.usage)) == (Decimal("32.85"), Decimal("4.50"))
    assert (cents(report.after.fixed), cents(report.after.usage)) == (Decimal("65.70"), Decimal("4.95"))
    used = {(each.key, each.resource): (str(each.value), each.is_default) for each in report.assumptions}
    assert used == {
        ("hours", ""): ("730", True),
        ("freeTier", ""): ("false", True),
        ("natGb", ""): ("100", False),
        ("natGb", "second"): ("10", False),
    }


def test_prices_of_the_usage_file_replace_those_of_the_list_and_complete_it():
    own = Usage(prices={"nat_hour": Decimal("0.01")})
    assert cents(compared([], [resource(NAT)], usage=own).after.total) == Decimal("7.30")
    report = compared([], [resource(NAT)], region="ap-south-1", usage=own)
    (line, _) = report.resources[0].after
    assert (cents(line.usd), line.price.confidence, report.incomplete) == (Decimal("7.30"), "own", [])


def test_keys_of_the_usage_file_that_nothing_has_are_named():
    prices = {"nat_hour": Decimal(1), "nat_minute": Decimal(1)}
    usage = Usage(resources={"nat": {}, "net": {}}, prices=prices)
    assert compared([], [resource(NAT, "nat")], usage=usage).unused == ["resources.net", "prices.nat_minute"]


@pytest.mark.parametrize(
    ("budget", "region", "part"),
    [
        ("32.85", "us-east-1", ""),
        ("32.84", "us-east-1", "--budget: 32.85 USD a month is more than 32.84."),
        ("1000", "ap-south-1", "there is no price for hours of it. Add it to prices in the file of --usage."),
    ],
)
def test_a_budget_is_kept_exceeded_or_not_known_to_be_kept(budget, region, part):
    report = compared([], [resource(NAT)], region=region, budget=Decimal(budget))
    assert part in report.budget_problem
    assert bool(part) == bool(report.budget_problem)


def test_each_changed_setting_is_tried_alone():
    before = {"shop:cpu": "256", "shop:memory": "512", "shop:name": "shop", "shop:token": "a"}
    after = {"shop:cpu": "512", "shop:memory": "1024", "shop:name": "store", "shop:token": "b", "shop:workers": '["a"]'}
    keys = changed_settings(before, after, frozenset({"shop:token"}))
    assert keys == ["shop:cpu", "shop:memory", "shop:name", "shop:workers"]

    def total(config):
        if config["shop:memory"] == "512":
            raise ReviewError("memory: 512 does not go with cpu 512.")
        return Decimal(config["shop:cpu"]) / 10 + (5 if "shop:workers" in config else 0)

    costs = setting_costs(keys, before, after, Decimal("56.2"), total, "shop")
    assert [(cost.setting, cost.before, cost.after, cost.delta) for cost in costs] == [
        ("cpu", "256", "512", Decimal("25.6")),
        ("workers", None, ["a"], Decimal("5.0")),
        ("memory", "512", "1024", None),
    ]


def test_fifty_services_take_linear_time():
    """Each service looks for its task definition and its scalable target among all of them."""
    resources = []
    for number in range(50):
        size = {"cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"]}
        reference = {"taskDefinition": f"${{TaskDefinition web-{number}.arn}}"}
        target = {"resourceId": f"service/main/${{Service web-{number}.name}}", "minCapacity": 1, "maxCapacity": 2}
        resources += [
            resource("aws:ecs/taskDefinition:TaskDefinition", f"web-{number}", size),
            resource("aws:ecs/service:Service", f"web-{number}", reference),
            resource("aws:appautoscaling/target:Target", f"scaling-{number}", target),
        ]
    report = compared([], resources)
    assert not report.incomplete
    assert cents(report.after.total) == cents(50 * 730 * (Decimal("0.01012") + Decimal("0.0022225")))
