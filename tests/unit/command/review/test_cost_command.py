"""The command's cost: of the settings that changed, with assumptions and with a budget."""

import json

import pytest

from tests.unit.command.review.projects import Repository

PROGRAM = """
database(instanceClass=config.get('size') or 'db.t4g.micro', allocatedStorage=20, storageType='gp3')
if config.get_bool('nat'):
    Resource('aws:ec2/natGateway:NatGateway', 'nat', {'subnetId': 'subnet-1'})
if config.get('size') == 'db.t4g.small' and not config.get('tier'):
    raise ValueError('size needs tier')
"""


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


def cost_of(repository, *options):
    code, output = repository.review("--format", "json", *options)
    document = json.loads(output)
    return code, document["verdict"], document["cost"]


def test_changed_settings_have_their_cost_and_one_that_needs_another_is_reported(repository):
    repository.commit(PROGRAM, tier="")
    repository.write(PROGRAM, nat="true", size="db.t4g.small", tier="small")
    code, verdict, cost = cost_of(repository)
    # 730 x 0.016 for the larger database, and 730 x 0.045 for the gateway.
    assert (code, cost["before"]["total"], cost["after"]["total"], cost["delta"]) == (0, "13.98", "58.51", "44.53")
    assert cost["settings"] == [
        {"setting": "nat", "before": None, "after": "true", "delta": "32.85"},
        {"setting": "size", "before": None, "after": "db.t4g.small", "delta": "11.68"},
        {"setting": "tier", "before": "", "after": "small", "delta": None},
    ]
    changes = "prod: 1 in the maintenance window, 1 created, 0 unchanged"
    assert verdict == f"{changes}; +44.53 to 58.51 USD a month; policy: 0 new"


def test_a_setting_without_a_cost_does_not_run_the_program_again(repository, monkeypatch):
    repository.commit(PROGRAM, name="shop")
    repository.write(PROGRAM, name="store")
    monkeypatch.setattr("flask_on_aws_cli.review.review.setting_costs", None)
    code, _, cost = cost_of(repository)
    assert (code, cost["settings"], cost["delta"]) == (0, [], "0.00")


def test_a_budget_has_its_own_exit_code(repository, tmp_path):
    repository.commit(PROGRAM, nat="true")
    (tmp_path / "usage.yaml").write_text("natGb: 100\n")
    usage = ("--usage", str(tmp_path / "usage.yaml"))
    code, _, cost = cost_of(repository, *usage, "--budget", "51.33")
    assert (code, cost["after"]["usage"], cost["after"]["total"]) == (0, "4.50", "51.33")
    code, output = repository.review(*usage, "--budget", "51.32")
    assert (code, output.splitlines()[-1]) == (5, "--budget: 51.33 USD a month is more than 51.32.")
    repository.write("", nat="true")
    assert repository.review("--budget", "0")[0] == 1  # the database would be deleted


def test_the_region_of_the_stack_decides(repository):
    repository.commit(PROGRAM)
    (repository.folder / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    code, _, cost = cost_of(repository)
    assert (code, cost["before"]["total"], cost["after"]["total"]) == (0, "13.98", "16.61")  # 13.87 + 2.74
    region = {"setting": "aws:region", "before": None, "after": "eu-central-1", "delta": "2.63"}
    assert cost["settings"] == [region]


def test_a_region_without_prices_is_named(repository):
    repository.commit(PROGRAM)
    (repository.folder / "Pulumi.eu.yaml").write_text("config:\n  aws:region: ap-south-1\n")
    code, output = repository.review("--stack", "eu", "--budget", "100")
    assert code == 5
    assert "0.00 USD a month without db (no price)" in output.partition("\n")[0]
    assert "Prices of ap-south-1 are not known; those of eu-central-1, eu-west-1, eu-west-2, us-east-1, us-" in output


@pytest.mark.parametrize("budget", ["-1", "much", "nan", "inf", ""])
def test_a_budget_that_is_not_an_amount_is_rejected(repository, budget):
    repository.commit(PROGRAM)
    code, output = repository.review("--budget", budget)
    assert code == 2
    assert f"{budget!r} is not an amount in USD; use a number such as 150 or 99.50." in output
