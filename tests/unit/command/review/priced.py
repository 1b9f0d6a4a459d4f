"""The lines of resources that are priced, for the tests of costs."""

from decimal import Decimal

from flask_on_aws_cli.review.cost.estimate import estimate
from flask_on_aws_cli.review.cost.stack import Stack
from flask_on_aws_cli.review.cost.usage import Usage

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET = "aws:appautoscaling/target:Target"


def lines_of(*resources, region="us-east-1", **usage):
    """`item` → quantity of the lines that count, and the sentences of those without a price."""
    stack = Stack({each.urn: each for each in resources}, region, Usage(figures(usage)))
    lines = [line for each in estimate(stack).values() for line in each if line.quantity]
    priced = [(line.price.item, line.quantity) for line in lines if line.price]
    return {item: sum(q for name, q in priced if name == item) for item, _ in priced}, [
        line.missing for line in lines if not line.price
    ]


def figures(usage):
    return {key: value if value in ("min", "max", "true") else Decimal(str(value)) for key, value in usage.items()}
