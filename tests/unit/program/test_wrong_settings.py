"""What an operator gets for each wrong configuration: every mistake at once, and nothing registered."""

import re

import pytest
from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs

import settings
from tests.unit.program.wrong_settings import WRONG

# Any text is right for these, or no text is known to be wrong.
_ANYTHING = {"startCommand", "releaseCommand"}


@pytest.fixture
def zones(mocks):
    """Route 53 has the zone example.com, and no other. Of the subnets, those that end in 0 have an IPv6 block."""

    def answer(args):
        if args["name"] == "example.com":
            return {"zoneId": "Z1"}
        return {}, [("name", "no matching Route 53 Hosted Zone found")]

    mocks.answers["aws:route53/getZone:getZone"] = answer
    mocks.answers["aws:ec2/getSubnet:getSubnet"] = lambda args: {
        "ipv6CidrBlock": "2600:1f18:12:3400::/64" if args["id"].endswith("0") else ""
    }
    return mocks


@pytest.mark.parametrize(("given", "lines"), WRONG, ids=[str(given)[:60] for given, _ in WRONG])
def test_every_mistake_is_reported_once_and_nothing_is_registered(configured, zones, given, lines):
    with pytest.raises(settings.SettingsError) as error:
        configured(**given)
    heading, *found = str(error.value).splitlines()
    assert heading == "The configuration of this stack needs a correction:"
    assert [line.removeprefix("  - ") for line in found] == lines
    assert zones.resources == []


def test_every_setting_has_a_wrong_value():
    reported = {re.split(r"[.\[:]", line)[0] for _, lines in WRONG for line in lines}
    missing = settings.NAMES - reported - _ANYTHING
    assert not missing, f"Add a wrong value of {sorted(missing)} and its sentence to wrong_settings.py."
    assert settings.NAMES - reported == _ANYTHING


@pytest.mark.parametrize("line", sorted({line for _, lines in WRONG for line in lines}))
def test_a_sentence_has_settings_names_and_no_secret(line):
    unquoted = re.sub(r"(?<!\w)'[^']*'", "", line)
    arguments = {name for name in FlaskAppArgs.__annotations__ if "_" in name}
    assert not arguments & set(re.findall(r"\w+", unquoted))
    assert "hunter2" not in line


def test_mistakes_of_type_and_of_value_are_reported_together(configured, zones):
    everything = {"cpu": "many", "alarms": "perhaps", "maxTasks": 0, "healthCheckPath": "up", "workers": {"web": "x"}}
    with pytest.raises(settings.SettingsError) as error:
        configured(**everything)
    assert {line.split(":")[0].split(".")[0] for line in str(error.value).replace("  - ", "").splitlines()[1:]} == {
        *everything
    }
