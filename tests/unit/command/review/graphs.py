"""Graphs for the tests of a review: resources by hand, and those that the app registers under mocks."""

from flask_on_aws_cli.pulumi_engine import Options, Resource
from flask_on_aws_cli.pulumi_engine.model.values import from_json
from flask_on_aws_cli.review.compare import compare
from flask_on_aws_cli.review.effects.data_loss import Acceptance

STACK = "urn:pulumi:prod::shop"


APP = f"{STACK}::flask-on-aws:index:FlaskApp::app"


def resource(type_token, name="it", inputs=None, custom=True, parent="", **options):
    urn = f"{STACK}::{type_token}::{name}"
    return Resource(urn, type_token, name, parent, custom, inputs or {}, options=Options(**options))


def registered(deployed):
    """What a program registered under mocks, which have no parents: all resources are below the app."""
    return [
        resource(r.typ, r.name, from_json(r.inputs), bool(r.custom), parent="" if r.name == "app" else APP)
        for r in deployed.resources
    ]


def compared(before, after, accepted=()):
    by_urn = {each.urn: each for each in before}
    return compare(by_urn, after, Acceptance(accepted))


def changed(type_token, before, after, name="it", accepted=(), **options):
    """The change of one resource between two sets of inputs, or None."""
    result = compared(
        [resource(type_token, name, before, **options)], [resource(type_token, name, after, **options)], accepted
    )
    return result.changes[0] if result.changes else None
