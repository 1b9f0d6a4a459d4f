"""The policy: production has no finding, what counts as new, waivers, and where each finding is."""

import importlib.util
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from flask_on_aws_cli.pulumi_engine import Secret
from flask_on_aws_cli.review.inputs.errors import ReviewError
from flask_on_aws_cli.review.model import Policy, Report, Severity
from flask_on_aws_cli.review.policy import findings as findings_module
from flask_on_aws_cli.review.policy.findings import compare, findings
from flask_on_aws_cli.review.policy.rules import GROUPS, RULES
from flask_on_aws_cli.review.policy.waivers import FILE, Waiver, built_in, read_waivers
from flask_on_aws_cli.review.reports import FORMATS

import settings
from tests.production import ROOT, STACKS, evaluated
from tests.unit.command.review.graphs import resource
from tests.unit.command.review.projects import Repository

INSTANCE = "aws:rds/instance:Instance"
GOOD = {
    "storageEncrypted": True,
    "backupRetentionPeriod": 7,
    "deletionProtection": True,
    "multiAz": True,
    "monitoringInterval": 60,
    "performanceInsightsEnabled": True,
    "performanceInsightsKmsKeyId": "key",
    "kmsKeyId": "key",
    "copyTagsToSnapshot": True,
    "enabledCloudwatchLogsExports": ["postgresql"],
    "parameterGroupName": "own",
    "vpcSecurityGroupIds": ["sg-1"],
    "dbSubnetGroupName": "own",
    "password": Secret("hunter22"),
}
FOLDER = Path(findings_module.__file__).parent
PULUMI_POLICY = "pulumi-policy==1.21.0"


def database(name="db", **inputs):
    return resource(INSTANCE, name, {**GOOD, **inputs})


def rules_of(items):
    return [item.rule for item in items]


def compared(before, after, waivers=(), **options):
    return compare({each.urn: each for each in before}, after, waivers, **options)


@pytest.mark.parametrize("stack", ["domain", "cloudfront"])
def test_production_has_no_finding_without_a_waiver(stack):
    resources = evaluated(stack).graph.resources
    policy = compared([], resources)
    assert [(each.rule, each.name, each.message) for each in policy.new] == []
    assert policy.waived
    print(f"{stack}: {len(RULES)} rules, {len(policy.waived)} findings, all waived")


def test_every_waiver_of_the_components_is_needed():
    found = [each for stack in STACKS for each in findings(evaluated(stack).graph.resources)]
    needed = {waiver.reason for waiver in built_in() if any(map(waiver.covers, found))}
    assert {waiver.reason for waiver in built_in()} - needed == set()
    entries = yaml.safe_load((FOLDER / "waivers.yaml").read_text("utf-8"))
    assert all(len(entry["reason"].split()) >= 5 and isinstance(entry["date"], date) for entry in entries)
    assert {entry["rule"] for entry in entries} <= RULES.keys()


def test_rules_are_complete():
    assert len(RULES) == sum(map(len, GROUPS.values()))
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
        assert not rule.title.endswith(".")
        assert rule.reason.endswith(".")
        assert rule.fix.endswith(".")
        assert rule.setting in ("", *settings.NAMES), rule.id


def test_every_rule_of_the_scanners_is_covered_or_not_adopted_for_a_reason():
    listed = (Path(__file__).parent / "upstream_rules.txt").read_text("utf-8").splitlines()
    upstream = {line for line in listed if not line.startswith("#")}
    covered = {name for rule in RULES.values() for name in rule.covers.split()}
    entries = yaml.safe_load((FOLDER / "not_adopted.yaml").read_text("utf-8"))
    left_out = [name for entry in entries for name in entry["rules"]]
    assert upstream - covered - set(left_out) == set()
    assert covered & set(left_out) == set()
    assert len(left_out) == len(set(left_out))


def test_what_is_new_and_what_is_fixed():
    before = [database(multiAz=False, monitoringInterval=0)]
    policy = compared(before, [database(multiAz=False, backupRetentionPeriod=1)])
    assert rules_of(policy.new) == ["db-backups"]
    assert rules_of(policy.fixed) == ["db-monitoring"]
    assert rules_of(policy.unchanged) == ["db-standby"]
    (new,) = policy.new
    assert new.message == "Databases keep backups for 7 days: backupRetentionPeriod is 1."
    assert (new.severity, new.setting) == (Severity.HIGH, "databaseBackupDays")


def test_a_renamed_resource_has_no_new_findings():
    before = database("db", multiAz=False)
    after = resource(INSTANCE, "main", {**GOOD, "multiAz": False}, aliases=[before.urn])
    policy = compared([before], [after])
    assert (policy.new, policy.fixed, rules_of(policy.unchanged)) == ([], [], ["db-standby"])


def test_what_is_not_known_is_no_finding():
    from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN

    unknown = {name: UNKNOWN for name in GOOD if name != "password"}
    assert findings([resource(INSTANCE, "db", {**unknown, "password": Secret(UNKNOWN)})]) == []
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition",
        "web",
        {
            "containerDefinitions": UNKNOWN,
            "networkMode": UNKNOWN,
            "taskRoleArn": UNKNOWN,
        },
    )
    assert findings([task]) == []


def test_secrets_are_not_in_a_finding():
    variable = {"name": "DATABASE_URL", "value": "postgres://app:hunter22@db/app"}
    containers = json.dumps([{"name": "web", "environment": [variable]}])
    task = resource("aws:ecs/taskDefinition:TaskDefinition", "web", {"containerDefinitions": Secret(containers)})
    policy = compared([], [task, database(password="hunter22")])
    assert {"ecs-secrets", "db-password-encrypted"} <= set(rules_of(policy.new))
    report = Report("prod", "main", [], 0, policy=policy)
    assert not [name for name, form in FORMATS.items() if "hunter22" in form(report)]


def test_a_waiver_of_the_project(tmp_path):
    (tmp_path / FILE).write_text(
        "waivers:\n"
        "- {rule: db-standby, resource: d*, reason: It can be down for an hour., expires: 2027-06-30}\n"
        "- {rule: db-backups, resource: db, reason: Nothing to keep., stack: dev}\n"
        "- {rule: db-tls, resource: db, reason: Nobody needs this.}\n"
        "- {rule: db-tsl, resource: db, reason: A typing error.}\n"
    )
    waivers = read_waivers(tmp_path, "prod")
    after = [database(multiAz=False, backupRetentionPeriod=1)]
    policy = compared([database()], after, waivers, today=date(2027, 6, 30))
    assert rules_of(policy.new) == ["db-backups"]
    assert rules_of(policy.new_waived) == rules_of(policy.waived) == ["db-standby"]
    assert policy.waived[0].waiver == "It can be down for an hour."
    assert policy.problems == [
        f"{FILE}: db-tls of db: nothing needs this waiver any more; remove it.",
        f"{FILE}: db-tsl of db: there is no rule db-tsl; docs/policy-rules.md lists them.",
    ]
    later = compared([database()], after, waivers, today=date(2027, 7, 1))
    assert rules_of(later.new) == ["db-backups", "db-standby"]
    assert f"{FILE}: db-standby of d*: this waiver expired on 2027-06-30." in later.problems
    assert read_waivers(tmp_path / "other", "prod") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("waivers: {}", "must have a list `waivers`"),
        ("- a", "must have a list `waivers`"),
        ("waivers: [a]", "waiver 1 must be an object"),
        ("waivers: [{rule: db-tls, resource: db}]", "reason is missing"),
        ("waivers: [{rule: db-tls, resource: db, reason: ' '}]", "reason is missing"),
        ("waivers: [{rule: db-tls, resource: db, reason: r, until: 2027-01-01}]", "until is not known"),
        ("waivers: [{rule: db-tls, resource: db, reason: r, expires: soon}]", "'soon' is not a date"),
        ("waivers: [", "cannot be read"),
    ],
)
def test_a_wrong_file_of_waivers(tmp_path, content, message):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ReviewError, match=re.escape(message)):
        read_waivers(tmp_path, "prod")


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


def test_the_command_shows_fails_and_writes_sarif(repository):
    body = "database(multiAz=config.get_bool('databaseMultiAz'), publiclyAccessible={})"
    repository.commit(body.format(False), databaseMultiAz="true")
    repository.write(body.format(True), alarms="true", databaseMultiAz="false")
    code, output = repository.review("--fail-on", "critical")
    assert code == 4
    assert output.partition("\n")[0].endswith("; policy: 2 new")
    assert "new: medium db-standby: db (Pulumi.prod.yaml:3)" in output
    lines = (repository.folder / "__main__.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if 'return Resource("aws:rds' in text)
    assert f"new: critical db-not-public: db (__main__.py:{line})" in output
    assert repository.review()[0] == 0
    sarif = json.loads(repository.review("--format", "sarif")[1])
    schema = json.loads((ROOT / "tests/golden/sarif-schema-2.1.0.json").read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(sarif)
    (run,) = sarif["runs"]
    new = {each["ruleId"]: each for each in run["results"] if each["baselineState"] == "new"}
    assert new.keys() == {"db-standby", "db-not-public"}
    place = new["db-not-public"]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]) == ("__main__.py", {"startLine": line})
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])


def test_each_format_has_the_findings():
    waiver = Waiver("db-monitoring", "It is not | needed <here>.", label="file")
    policy = compared([database(copyTagsToSnapshot=False)], [database(multiAz=False, monitoringInterval=0)], [waiver])
    report = Report("prod", "main", [], 1, policy=policy)
    text, markdown = FORMATS["text"](report), FORMATS["markdown"](report)
    assert "Policy: 1 new, 1 fixed, 0 as before, 1 waived" in text
    assert "new, waived: low db-monitoring: db" in text
    assert "| medium | db\\-standby | db |" in markdown
    assert "- fixed: low db\\-snapshot\\-tags: db" in markdown
    assert "&lt;here&gt;" in markdown
    assert [each["rule"] for each in json.loads(FORMATS["json"](report))["policy"]["new"]] == ["db-standby"]
    assert Policy().problems == ()


@pytest.fixture
def pulumi_policy(tmp_path, monkeypatch):
    """Pulumi's SDK of policy packs, which wants an older protobuf than the tests and works with theirs."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path, PULUMI_POLICY]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        pytest.skip(f"{PULUMI_POLICY} cannot be installed: {run.stderr[-300:]}")
    monkeypatch.syspath_prepend(str(tmp_path))
    import pulumi_policy

    return pulumi_policy


def test_the_policy_pack_reports_what_the_review_does(pulumi_policy):
    """Its rules are called as by the engine, which gives them proxies that raise for unknown values."""
    from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

    spec = importlib.util.spec_from_file_location("policy_pack", ROOT / "policy-pack" / "__main__.py")
    pack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    policies = {policy.name: policy for policy in pack.policies()}
    assert policies.keys() == RULES.keys()

    def packed(each, dependencies):
        props = unknown_checking_proxy({"tagsAll": {"a": "b"}, "id": UNKNOWN_STRING_VALUE, **each.inputs})
        options = pulumi_policy.PolicyResourceOptions(False, [], None, [], None, [])
        return pulumi_policy.PolicyResource(
            each.type, props, each.urn, each.name, options, None, None, [], dependencies
        )

    bucket = packed(resource("aws:s3/bucket:Bucket", "media", {"forceDestroy": False}), {})
    block = resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "media",
        {
            "bucket": "media-1a2b3c4",
            "blockPublicAcls": True,
            "blockPublicPolicy": UNKNOWN_STRING_VALUE,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": False,
        },
    )
    weak = resource(INSTANCE, "db", {**GOOD, "password": "", "backupRetentionPeriod": 3.0})
    args = pulumi_policy.StackValidationArgs([bucket, packed(block, {"bucket": [bucket]}), packed(weak, {})])
    violations = []
    for name, policy in policies.items():
        policy.validate(
            args, lambda message, urn, name=name: violations.append((name, message, urn.rpartition("::")[2]))
        )
    names = {name for name, _, _ in violations}
    assert ("db-backups", weak.urn) in {(name, weak.urn) for name, message, _ in violations if "is 3." in message}
    assert {"s3-public-access-block-complete", "s3-tls", "db-backups"} <= names
    assert names.isdisjoint({"s3-public-access-block", "db-password-encrypted", "db-encrypted"})
    assert policies["db-backups"].enforcement_level is pulumi_policy.EnforcementLevel.MANDATORY
    assert policies["db-standby"].enforcement_level is pulumi_policy.EnforcementLevel.ADVISORY
