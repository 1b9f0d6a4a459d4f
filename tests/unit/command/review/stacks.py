"""Stacks of the app under mocks, whose resources are priced."""

import pulumi
from flask_on_aws import FlaskApp

from tests.mocked_outputs import COMPUTED
from tests.unit.command.review.graphs import registered
from tests.unit.conftest import Deployed, Recorder, new_mocks

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"
DOMAIN = {"domain": "app.example.com", "zone_id": "Z123"}
PRODUCTION = {**DOMAIN, "environment": "production"}
_STACKS = {}


class _References(Recorder):
    """Ids are references to resources, as in a review."""

    def new_resource(self, args):
        _, outputs = super().new_resource(args)
        return f"${{{args.typ.rpartition(':')[2]} {args.name}.id}}", outputs


def stack_of(**settings):
    """The resources that an app with these settings registers; the program runs once for each set of settings."""
    key = repr(settings)
    if key not in _STACKS:
        recorder = _References()
        recorder.computed |= COMPUTED
        new_mocks(recorder)
        pulumi.runtime.test(lambda: FlaskApp("app", {"image": IMAGE, **settings}).url)()
        _STACKS[key] = registered(Deployed(recorder, {}))
    return _STACKS[key]
