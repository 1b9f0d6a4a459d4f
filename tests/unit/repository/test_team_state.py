"""examples/team_state: the bucket and the key that a team's state lives in."""

import json
import runpy
from pathlib import Path

import pulumi
import pytest

PROGRAM = Path(__file__).parents[3] / "examples/team_state/__main__.py"


@pytest.fixture
def made(mocks, monkeypatch):
    """What the program registers, and what it exports."""
    exports, values = {}, {"kept": []}
    monkeypatch.setattr(pulumi, "export", exports.__setitem__)

    def note(args):
        values["kept"].append((args.name, args.opts.retain_on_delete))

    def program():
        pulumi.runtime.register_stack_transformation(note)
        runpy.run_path(str(PROGRAM))
        return pulumi.Output.all(**exports).apply(values.update)

    pulumi.runtime.test(program)()
    return mocks, values


def test_the_bucket_is_private_versioned_encrypted_and_tls_only(made):
    mocks, _ = made
    public = mocks.named("team-state-public-access")
    assert {key: value for key, value in public.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert mocks.named("team-state-versioning")["versioningConfiguration"] == {"status": "Enabled"}
    (rule,) = mocks.named("team-state-encryption")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith(":team-state")
    (statement,) = json.loads(mocks.named("team-state-tls")["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_key_rotates_and_waits_before_it_is_deleted(made):
    mocks, _ = made
    (key,) = mocks.of_type("kms/key:Key").values()
    assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30)


def test_everything_outlives_a_destroy(made):
    mocks, values = made
    assert len(values["kept"]) == len(mocks.resources) == 7
    assert all(kept for _, kept in values["kept"]), values["kept"]


def test_the_commands_name_bucket_key_and_region(made):
    _, exports = made
    assert exports["loginCommand"] == "pulumi login 's3://team-state?region=us-east-1'"
    provider = "awskms://team-state-id?region=us-east-1"
    assert exports["stackCommand"] == f"pulumi stack init dev --secrets-provider '{provider}'"
    assert exports["secretsProvider"] == provider
