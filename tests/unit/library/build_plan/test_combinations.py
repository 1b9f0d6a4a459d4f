"""Each server that is among an app's dependencies is proposed for it, if it can load the app."""

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, plan_build

from tests.apps.combinations import COMBINATIONS


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_plan_proposes_the_server(tmp_path, name):
    combination = COMBINATIONS[name]
    with pytest.raises(BuildPlanError) as caught:
        plan_build(combination.write(tmp_path / "app"))
    proposal = caught.value.proposal
    assert proposal is not None
    assert proposal.command.startswith(f"{combination.starts} ") or proposal.command == combination.starts
    assert not proposal.missing
