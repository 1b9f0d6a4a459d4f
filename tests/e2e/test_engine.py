"""The in-process engine with an emulated AWS on this machine, and compared with Pulumi's engine if it is installed."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.pulumi_engine import EngineError, Secret, evaluate, state_file
from flask_on_aws_cli.pulumi_engine.aws import Aws
from flask_on_aws_cli.pulumi_engine.model.values import to_json
from flask_on_aws_cli.pulumi_engine.program.invokes import live_answers

from tests.e2e.checks import leftovers
from tests.e2e.engine_stack import ONCE, REGION, RESOURCES_CREATED, STACK, EngineStack
from tests.e2e.stacks import copy_program
from tests.emulator import wait_for
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """A local endpoint that tracks the engine's runs, with moto, which only pretends to run services."""
    folder, port = tmp_path_factory.mktemp("aws"), free_port()
    command = [sys.executable, "-m", "tests.e2e.plain_aws", str(folder), str(port), REGION]
    with (folder / "emulator.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def stack(tmp_path, endpoint):
    return EngineStack(tmp_path, endpoint)


def names(urns):
    return sorted(urn.rsplit("::", 1)[-1] for urn in urns)


def test_a_stack_is_created_once_changed_in_place_and_destroyed(stack):
    """Only this test compares all that the engine creates, changes and deletes with what the account contains."""
    first = stack.apply()
    assert (len(first.created), names(first.planned)) == (RESOURCES_CREATED, ["cdn"])
    assert stack.inventory() == ONCE
    assert first.outputs["url"].endswith(".elb.amazonaws.com")
    assert isinstance(first.outputs["password"], Secret)

    second = stack.apply()
    assert (len(second.unchanged), stack.events) == (RESOURCES_CREATED, [])
    assert second.outputs == first.outputs

    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    stack.configure(idle=70, days=30, health="/healthy", team="ops", key=key)
    changed = stack.apply()
    # One of the two named web is the target group; the task definition gets new tags, but no new revision.
    assert stack.operations() == [f"update {name}" for name in ("alb", "http", "logs", "net", "web", "web")]
    (definition,) = stack.aws("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    description = stack.aws("ecs").describe_task_definition(taskDefinition=definition, include=["TAGS"])
    assert description["taskDefinition"]["revision"] == 1
    assert {"key": "team", "value": "ops"} in description["tags"]
    assert (changed.created, changed.replaced, changed.deleted) == ((), (), ())
    (group,) = stack.aws("logs").describe_log_groups()["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, key)
    balancer = stack.aws("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    attributes = stack.aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "70"} in attributes
    assert stack.aws("elbv2").describe_target_groups()["TargetGroups"][0]["HealthCheckPath"] == "/healthy"
    (vpc,) = [vpc for vpc in stack.aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    assert {"Key": "team", "Value": "ops"} in vpc["Tags"]

    stack.configure(idle=70, days=30, health="/healthy", team="ops")
    assert stack.apply().replaced == ()
    assert "kmsKeyId" not in stack.aws("logs").describe_log_groups()["logGroups"][0]

    destroyed = stack.destroy()
    assert len(destroyed.deleted) == RESOURCES_CREATED
    assert stack.inventory() == {}
    assert stack.apply().created, "a destroyed stack can be created again"


def test_what_the_program_no_longer_registers_is_deleted_with_its_content(stack):
    stack.apply()
    bucket = stack.aws("s3").list_buckets()["Buckets"][0]["Name"]
    for _ in range(2):
        stack.aws("s3").put_object(Bucket=bucket, Key="upload", Body=b"x")
    stack.configure(media="none")
    result = stack.apply()
    assert [event.name for event in stack.events] == ["versions", "media"], "dependents are deleted first"
    assert names(result.deleted) == ["media", "versions"]
    assert stack.inventory() == {kind: count for kind, count in ONCE.items() if kind != "buckets"}


def test_a_new_release_replaces_the_task_definition_and_updates_the_service(stack):
    stack.apply()
    stack.configure(image="web:2")
    result = stack.apply()
    assert (names(result.replaced), names(result.updated), result.deleted) == (["web"], ["web"], ())
    assert [event.operation for event in stack.events] == ["replace", "update", "delete"]
    ecs = stack.aws("ecs")
    (service,) = ecs.list_services(cluster=ecs.list_clusters()["clusterArns"][0])["serviceArns"]
    (running,) = ecs.describe_services(cluster=ecs.list_clusters()["clusterArns"][0], services=[service])["services"]
    definition = ecs.describe_task_definition(taskDefinition=running["taskDefinition"])["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"] == "web:2"
    assert stack.inventory() == ONCE


def test_replacing_a_target_group_creates_the_new_one_first(stack):
    stack.apply()
    before = stack.aws("elbv2").describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    stack.configure(port=9090)
    stack.apply()
    (group,) = stack.aws("elbv2").describe_target_groups()["TargetGroups"]
    assert (group["Port"], group["TargetGroupArn"] != before) == (9090, True)
    operations = [event.operation for event in stack.events]
    assert operations.index("replace") < operations.index("delete")
    assert stack.inventory() == ONCE


def test_replacing_the_network_replaces_what_cannot_leave_it(stack):
    """Only this test proves the order of a replacement that others depend on."""
    stack.apply()
    stack.configure(cidr="10.9.0.0/16")
    result = stack.apply()
    assert {"net", "net-a", "net-b", "access"} <= set(names(result.replaced))
    assert stack.inventory() == ONCE
    assert stack.apply().created == ()
    assert stack.events == []


def test_a_resource_deleted_outside_the_program_is_created_again(stack):
    stack.apply()
    logs = stack.aws("logs")
    logs.delete_log_group(logGroupName=logs.describe_log_groups()["logGroups"][0]["logGroupName"])
    result = stack.apply()
    assert names(result.created) == ["logs"]
    assert stack.inventory() == ONCE


def test_only_its_owner_can_read_the_state_and_secrets_are_marked_in_it(stack):
    password = stack.apply().outputs["password"].value
    path = state_file(stack.location, "local")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert password in path.read_text(), "only the state stores it"
    assert not any(password in repr(event) for event in stack.events)


KILLED = """
import os, signal, sys
from pathlib import Path
from flask_on_aws_cli.pulumi_engine import apply
from flask_on_aws_cli.local_project.location import Location
folder, location, port, after = sys.argv[1:]
remaining = [int(after)]
def progress(event):  # the worst moment: AWS has completed the operation, but the state does not record it yet
    remaining[0] -= 1
    if remaining[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
apply(Path(folder), "local", Path(sys.executable), Location(Path(location), int(port), "us-east-1"), progress=progress)
"""


def killed_apply(stack, after):
    """Apply in a separate process that kills itself after a number of operations; returns its exit status."""
    arguments = [str(stack.program), str(stack.location.folder), str(stack.location.port), str(after)]
    command = [sys.executable, "-c", KILLED, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    assert result.returncode in (0, -signal.SIGKILL), result.stderr
    return result.returncode


def test_a_run_that_is_killed_repeatedly_is_continued_without_leftovers(stack):
    kills = 0
    # Each time a little later, since what was being created at the kill has to be created again.
    while killed_apply(stack, after=2 + 2 * kills) != 0:
        kills += 1
    assert kills >= 3, "it was killed during the run, at several points"
    assert remaining_programs(stack) == []
    assert stack.inventory() == ONCE
    assert len(stack.apply().unchanged) == RESOURCES_CREATED
    assert stack.events == []


def remaining_programs(stack) -> list[int]:
    """Process IDs of programs that outlive their killed engines by more than the second that is allowed."""
    remaining = []
    for _ in range(50):
        running = [process.info for process in psutil.process_iter(["pid", "cmdline"])]
        remaining = [info["pid"] for info in running if f'"root": "{stack.program}"' in " ".join(info["cmdline"] or ())]
        if not remaining:
            return []
        time.sleep(0.1)
    return remaining


def test_a_killed_replacement_and_a_killed_deletion_are_continued(stack):
    stack.apply()
    stack.configure(cidr="10.9.0.0/16", media="none", image="web:2")
    kills = 0
    while killed_apply(stack, after=1 + 2 * kills) != 0:
        kills += 1
    assert kills >= 3, "it was killed during the run, at several points"
    assert stack.inventory() == {kind: count for kind, count in ONCE.items() if kind != "buckets"}
    stack.apply()
    assert stack.events == []


def test_destroying_works_without_resources_and_after_a_kill(stack):
    assert stack.destroy().deleted == ()
    killed_apply(stack, after=9)
    stack.destroy()
    assert stack.inventory() == {}


def test_a_failure_names_the_resource_and_aws_s_message_and_the_next_run_continues(stack):
    broken = (
        STACK + 'Custom("aws:ecs/service:Service", "bad", {"cluster": cluster.arn, "taskDefinition": "nowhere:1"})\n'
    )
    stack.write(broken)
    with pytest.raises(EngineError) as raised:
        stack.apply()
    sentence = str(raised.value)
    assert sentence.startswith("aws:ecs/service:Service bad could not be created: ")
    assert "(ClientException)" in sentence
    assert "Traceback" not in sentence
    stack.write(STACK)
    stack.apply()
    assert stack.inventory() == ONCE


def test_overrides_set_outputs_of_planned_and_created_types(stack):
    stack.write(STACK + 'pulumi.export("cdn", pulumi.Output.from_input("x"))\n')
    calls = []

    def local(resource, outputs):
        calls.append((resource.name, outputs["domainName"].endswith(".cloudfront.net")))
        return {"domainName": "localhost:8443"}

    stack.write(
        'cdn = Custom("aws:cloudfront/distribution:Distribution", "cdn", {}, outputs=["domainName"])\n'
        'logs = Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {}, outputs=["name"])\n'
        'pulumi.export("host", cdn.domainName)\npulumi.export("logs", logs.name)\n'
    )
    overrides = {
        "aws:cloudfront/distribution:Distribution": local,
        "aws:cloudwatch/logGroup:LogGroup": lambda resource, outputs: {"name": "elsewhere"},
    }
    for _ in range(2):
        result = stack.apply(overrides=overrides)
        assert result.outputs == {"host": "localhost:8443", "logs": "elsewhere"}
    assert calls == [("cdn", True)] * 2


GUARDED = """
log = open("hooks.txt", "a")
def note(args):
    log.write(f"{args.name} {sorted((args.old_inputs or {}).items())} {sorted((args.new_inputs or {}).items())}\\n")
    log.flush()
def reject(args):
    if (args.new_inputs or {}).get("retentionInDays") == 1:
        raise ValueError("a day is too short")
hooks = {kind: pulumi.ResourceHook(kind, note) for kind in ("before_create", "after_create", "before_update",
         "after_update", "before_delete", "after_delete")}
guard = pulumi.ResourceHook("guard", reject)
binding = pulumi.ResourceHookBinding(**{k: ([guard, h] if k.startswith("before") else [h]) for k, h in hooks.items()})
days = pulumi.Config().get_int("days")
if days:
    Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": days}, pulumi.ResourceOptions(hooks=binding))
"""


def test_hooks_run_and_a_before_hook_can_reject(stack):
    stack.write(GUARDED, days=1)
    with pytest.raises(EngineError, match=r"The before create hook 'guard' rejected .* logs: a day is too short"):
        stack.apply()
    assert stack.inventory() == {}
    for days in (7, 14, 14):
        stack.write(GUARDED, days=days)
        stack.apply()
    stack.write(GUARDED, days=1)
    with pytest.raises(EngineError, match="before update hook 'guard'"):
        stack.apply()
    assert stack.aws("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 14
    with pytest.raises(EngineError, match=r"hook 'guard' of .* logs is not registered"):
        stack.destroy()
    stack.write(GUARDED, days=14)
    stack.destroy(interpreter=Path(sys.executable))
    assert stack.inventory() == {}
    calls = (stack.program / "hooks.txt").read_text().splitlines()
    seven, fourteen = (f"[('retentionInDays', {days})]" for days in (7.0, 14.0))  # a hook's numbers are floats
    assert calls == [
        *[f"logs [] {seven}"] * 2,
        *[f"logs {seven} {fourteen}"] * 2,
        *[f"logs {fourteen} []"] * 2,
    ]


GROUP = 'Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": 7}, pulumi.ResourceOptions(%s))\n'


def test_protection_rejects_deletion_and_replacement_until_it_is_removed(stack):
    stack.write(GROUP % "protect=True")
    stack.apply()
    for attempt in (lambda: stack.destroy(), lambda: (stack.write(""), stack.apply())):
        with pytest.raises(EngineError, match="logs is protected and cannot be deleted; remove its option `protect`"):
            attempt()
    stack.write(
        'Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"name": "other"}, pulumi.ResourceOptions(protect=True))'
    )
    with pytest.raises(EngineError, match="logs is protected and cannot be replaced"):
        stack.apply()
    stack.write(GROUP % "protect=False")
    assert stack.apply().unchanged
    stack.destroy()
    assert stack.inventory() == {}


def test_a_protected_resource_prevents_the_deletion_of_all_others(stack):
    user = 'Custom("aws:cloudwatch/logGroup:LogGroup", "more", {}, pulumi.ResourceOptions(depends_on=[logs]))\n'
    stack.write("logs = " + GROUP % "protect=True" + user)
    stack.apply()
    with pytest.raises(EngineError, match="logs is protected"):
        stack.destroy()
    assert (stack.inventory(), stack.events) == ({"logs": 2}, [])


def test_explicit_providers_are_neither_created_nor_planned(stack):
    stack.write('p = pulumi.ProviderResource("aws", "west", {})\n' + GROUP % "provider=p")
    result = stack.apply()
    assert (names(result.created), result.planned) == (["logs"], ())


def test_a_retained_resource_stays_on_aws(stack):
    stack.write(GROUP % "retain_on_delete=True")
    stack.apply()
    stack.write("")
    result = stack.apply()
    assert (names(result.retained), result.deleted, stack.inventory()) == (["logs"], (), {"logs": 1})


RECORDED = """
class Recorded(pulumi.ComponentResource):
    def __init__(self, name, days, opts=None):
        def check(args):
            old, new = args.old_inputs["days"], args.new_inputs["days"]
            if new < old:
                raise ValueError(f"{old:g} days to {new:g}")
        hook = pulumi.ResourceHook(f"{name}-record", check, pulumi.ResourceHookOptions(on_dry_run=True))
        hooks = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
        super().__init__("test:index:Recorded", name, {"days": days}, pulumi.ResourceOptions.merge(opts, hooks))
        child = pulumi.ResourceOptions(parent=self)
        Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": days}, child)

"""


def test_a_component_s_hook_compares_its_inputs_before_its_children_change(stack):
    def body(days, name="old", options=""):
        return RECORDED + f"Recorded({name!r}, {days}{options})\n"

    stack.write(body(14))
    assert names(stack.apply().created) == ["logs"]
    assert names(stack.apply().unchanged) == ["logs"]
    stack.write(body(7))
    for _ in range(2):  # a rejected change is rejected again
        with pytest.raises(EngineError, match=r"before update hook 'old-record' rejected .* old: 14 days to 7"):
            stack.apply()
    (group,) = stack.aws("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 14
    alias = ", pulumi.ResourceOptions(aliases=[pulumi.Alias(name='old')])"
    stack.write(body(7, "new", alias))
    with pytest.raises(EngineError, match=r"before update hook 'new-record' rejected .* new: 14 days to 7"):
        stack.apply()
    stack.write(body(30, "new", alias))
    assert names(stack.apply().updated) == ["logs"]
    assert names(stack.destroy().deleted)[-1] == "logs"


def test_an_existing_resource_is_imported_updated_and_deleted_with_the_stack(stack):
    logs = stack.aws("logs")
    logs.create_log_group(logGroupName="made-by-aws")

    def body(name):
        return f"""
found = pulumi.runtime.invoke("aws:cloudwatch/getLogGroups:getLogGroups", {{"logGroupNamePrefix": "made-"}}).value
pulumi.export("found", found["logGroupNames"])
Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {{"name": {name!r}, "retentionInDays": 14}},
      pulumi.ResourceOptions(import_={name!r}))
"""

    stack.write(body("missing"))
    with pytest.raises(EngineError, match="logs could not be imported: missing does not exist"):
        stack.apply()
    stack.write(body("made-by-aws"))
    first = stack.apply()
    assert (names(first.updated), first.created) == (["logs"], ())
    assert first.outputs["found"] == ["made-by-aws"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 14
    assert names(stack.apply().unchanged) == ["logs"]
    stack.destroy()
    assert logs.describe_log_groups()["logGroups"] == []


def test_an_ignored_tag_is_not_added_through_tags_all(stack):
    def body(more, ignored):
        tags = {"team": "web", **more}
        return (
            f'Custom("aws:ec2/vpc:Vpc", "net", {{"cidrBlock": "10.0.0.0/16", "tags": {tags!r}}}, '
            f"pulumi.ResourceOptions(ignore_changes={ignored!r}))\n"
        )

    stack.write(body({}, []))
    stack.apply()
    stack.write(body({"a:b": "c"}, ['tags["a:b"]']))
    assert names(stack.apply().unchanged) == ["net"]


def test_tags_are_added_changed_and_removed_in_place(stack):
    """For types whose tags need a separate request: a VPC origin, and a parameter, which is overwritten."""

    def body(tags):
        return f"""
tags = {tags!r}
vpc = Custom("aws:ec2/vpc:Vpc", "net", {{"cidrBlock": "10.0.0.0/16"}})
subnets = [Custom("aws:ec2/subnet:Subnet", f"net-{{n}}", {{"vpcId": vpc.id, "availabilityZone": f"us-east-1{{'ab'[n]}}",
           "cidrBlock": f"10.0.{{n}}.0/24"}}) for n in range(2)]
balancer = Custom("aws:lb/loadBalancer:LoadBalancer", "ilb", {{"subnets": [s.id for s in subnets], "internal": True}},
                 outputs=["arn"])
origin = Custom("aws:cloudfront/vpcOrigin:VpcOrigin", "origin", {{"tags": tags, "vpcOriginEndpointConfig": {{
               "name": "origin", "arn": balancer.arn, "httpPort": 80, "httpsPort": 443,
               "originProtocolPolicy": "http-only", "originSslProtocols": {{"items": ["TLSv1.2"], "quantity": 1}}}}}},
               outputs=["arn"])
record = Custom("aws:ssm/parameter:Parameter", "record", {{"name": "/record", "type": "String", "value": "1",
               "tags": tags}})
pulumi.export("origin", origin.arn)
"""

    def tags():
        origin = stack.aws("cloudfront").list_tags_for_resource(Resource=first.outputs["origin"])["Tags"]["Items"]
        record = stack.aws("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/record")["TagList"]
        return [{tag["Key"]: tag["Value"] for tag in listed} for listed in (origin, record)]

    stack.write(body({"team": "web", "stage": "dev"}))
    first = stack.apply()
    assert tags() == [{"team": "web", "stage": "dev"}] * 2
    stack.write(body({"team": "ops"}))
    changed = stack.apply()
    assert (names(changed.updated), changed.replaced) == (["origin", "record"], ())
    assert tags() == [{"team": "ops"}] * 2
    stack.write(body({}))
    assert stack.apply().replaced == ()
    assert tags() == [{}] * 2


def test_a_resource_is_created_and_deleted_in_the_region_of_its_provider_or_its_own(stack):
    def body(region):
        return f"""
other = pulumi.ProviderResource("aws", "other", {{"region": {region!r}}})
Custom("aws:cloudwatch/logGroup:LogGroup", "by-provider", {{}}, pulumi.ResourceOptions(provider=other))
Custom("aws:cloudwatch/logGroup:LogGroup", "by-input", {{"region": {region!r}}})
Custom("aws:cloudwatch/logGroup:LogGroup", "here", {{}})
"""

    def found():
        clients = {region: Aws(stack.endpoint, region, stack.location.access_key) for region in ("us-east-1", *others)}
        groups = {region: aws.client("logs").describe_log_groups()["logGroups"] for region, aws in clients.items()}
        return {region: len(listed) for region, listed in groups.items() if listed}

    others = ("eu-west-1", "ap-south-1")
    stack.write(body("eu-west-1"))
    stack.apply()
    assert found() == {"us-east-1": 1, "eu-west-1": 2}
    assert stack.apply().created == ()
    stack.write(body("ap-south-1"))
    assert names(stack.apply().replaced) == ["by-input", "by-provider"]
    assert found() == {"us-east-1": 1, "ap-south-1": 2}
    stack.destroy()
    assert found() == {}


def test_a_renamed_resource_with_an_alias_is_kept(stack):
    stack.write(
        'g = Group("old")\nCustom("aws:cloudwatch/logGroup:LogGroup", "logs", {}, pulumi.ResourceOptions(parent=g))'
    )
    stack.apply()
    stack.write(
        'g = Group("new", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))\n'
        'Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {}, pulumi.ResourceOptions(parent=g))'
    )
    result = stack.apply()
    assert (names(result.unchanged), stack.events) == (["logs"], [])


def test_a_resource_with_an_explicit_name_is_deleted_before_its_replacement_is_created(stack):
    body = (
        'Custom("aws:lb/targetGroup:TargetGroup", "web", {"name": "fixed", "port": %d, "protocol": "HTTP",'
        ' "targetType": "ip", "vpcId": Custom("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.0.0.0/16"}).id})'
    )
    stack.write(body % 80)
    stack.apply()
    stack.write(body % 81)
    result = stack.apply()
    assert [event.operation for event in stack.events] == ["delete", "create"]
    assert (names(result.replaced), result.created, result.deleted) == (["web"], (), ())


def test_ignored_changes_are_not_applied_and_replacement_can_be_requested(stack):
    body = 'Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": %d}, pulumi.ResourceOptions(%s))'
    stack.write(body % (7, ""))
    stack.apply()
    stack.write(body % (14, 'ignore_changes=["retentionInDays"]'))
    assert stack.apply().unchanged
    assert stack.aws("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    stack.write(body % (14, 'replace_on_changes=["retentionInDays"]'))
    assert names(stack.apply().replaced) == ["logs"]


def test_a_replacement_has_the_program_s_values_even_if_changes_are_ignored(stack):
    """As with Pulumi's engine: a database that is replaced is restored from the snapshot in the current inputs."""
    inputs = '{"retentionInDays": %d, "name": "%s"}'
    body = f'Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {inputs}, pulumi.ResourceOptions(%s))'
    ignoring = 'ignore_changes=["retentionInDays"]'
    stack.write(body % (7, "one", ignoring))
    stack.apply()
    stack.write(body % (14, "two", ignoring))
    assert names(stack.apply().replaced) == ["logs"]
    (group,) = stack.aws("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("two", 14)


def test_a_stash_keeps_its_first_value_as_a_secret(stack):
    body = """
kept = pulumi.Stash("kept", input=pulumi.Output.secret("%s"), opts=pulumi.ResourceOptions(%s))
pulumi.export("kept", kept.output)
"""
    stack.write(body % ("first", ""))
    assert stack.apply().outputs["kept"] == Secret("first")
    stack.write(body % ("second", ""))
    assert stack.apply().outputs["kept"] == Secret("first")
    assert stack.operations() == ["update kept"]
    stack.write(body % ("third", 'ignore_changes=["input"]'))
    assert stack.apply().outputs["kept"] == Secret("first")
    assert stack.events == []
    stack.destroy()
    stack.write(body % ("fourth", ""))
    assert stack.apply().outputs["kept"] == Secret("fourth")


def test_two_resources_can_reverse_their_dependency(stack):
    first = 'a = Custom("aws:cloudwatch/logGroup:LogGroup", "a", {})\n'
    second = 'b = Custom("aws:cloudwatch/logGroup:LogGroup", "b", {}, pulumi.ResourceOptions(depends_on=[a]))\n'
    stack.write(first + second)
    stack.apply()
    swapped = (
        'b = Custom("aws:cloudwatch/logGroup:LogGroup", "b", {})\n'
        'a = Custom("aws:cloudwatch/logGroup:LogGroup", "a", {}, pulumi.ResourceOptions(depends_on=[b]))\n'
    )
    stack.write(swapped)
    stack.apply()
    stack.destroy()
    assert [event.name for event in stack.events] == ["a", "b"]


def test_a_second_run_at_the_same_time_is_rejected(stack):
    stack.write('import time\nopen("started", "w").close()\ntime.sleep(600)')
    arguments = [str(stack.program), str(stack.location.folder), str(stack.location.port), "99"]
    holder = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, start_new_session=True)
    try:
        for _ in range(600):
            if (stack.program / "started").exists():
                break
            signal.sigtimedwait([], 0.1)
        with pytest.raises(EngineError, match="Another update of this stack is in progress"):
            stack.apply()
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait(10)


@pytest.fixture
def app_stack(stack):
    """The program of this repository, with its stack named local."""
    shutil.rmtree(stack.program)
    copy_program(stack.program)
    return stack


def configure_app_stack(app_stack, **settings):
    # Tasks of unmodified moto never end, so a release command would wait forever; no image is built, so there is no
    # preflight; and unmodified moto has no VPC origins.
    settings = {"releaseCommand": "none", "preflight": "never", "cloudfrontOrigin": "public", **settings}
    lines = "".join(f"  flask-on-aws:{key}: {json.dumps(value)}\n" for key, value in settings.items())
    (app_stack.program / "Pulumi.local.yaml").write_text(f"config:\n{lines}")


def test_the_program_of_this_repository_is_created_changed_and_destroyed(app_stack):
    """Only this test runs the whole program of this repository through the in-process engine, apart from `./up`."""
    configure_app_stack(app_stack)
    first = app_stack.apply()
    planned = {urn.split("::")[2].rsplit("$", 1)[-1] for urn in first.planned}
    assert planned == {
        "aws:cloudfront/distribution:Distribution",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repository:Repository",
        "docker-build:index:Image",
    }
    check_task(app_stack, first.outputs)
    assert (len(app_stack.apply().unchanged), app_stack.events) == (len(first.created), [])
    check_changes(app_stack)
    state = state_file(app_stack.location, "local")
    before = state.read_text()
    app_stack.destroy()
    assert leftovers(app_stack) == {}
    state.write_text(before)  # as if the deletions had not been recorded
    app_stack.destroy()
    assert leftovers(app_stack) == {}


def check_task(app_stack, outputs):
    """Check that everything that the task refers to exists: its secrets, its database, its bucket, its log group."""
    ecs = app_stack.aws("ecs")
    definition = ecs.describe_task_definition(taskDefinition=outputs["taskDefinitionArn"])["taskDefinition"]
    web = next(entry for entry in definition["containerDefinitions"] if entry["name"] == "web")
    for entry in web["secrets"]:
        arn, key = entry["valueFrom"].removesuffix("::").rsplit(":", 1)
        content = app_stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        assert json.loads(content)[key]
    environment = {entry["name"]: entry["value"] for entry in web["environment"]}
    (database,) = app_stack.aws("rds").describe_db_instances()["DBInstances"]
    assert environment["PGHOST"] == database["Endpoint"]["Address"] == outputs["databaseHost"]
    assert environment["MEDIA_BUCKET"] == outputs["bucketName"]
    app_stack.aws("s3").head_bucket(Bucket=outputs["bucketName"])
    assert web["logConfiguration"]["options"]["awslogs-group"] == outputs["logGroupName"]
    service = ecs.describe_services(cluster=outputs["clusterName"], services=[outputs["serviceName"]])["services"][0]
    health = app_stack.aws("elbv2").describe_target_groups(
        TargetGroupArns=[service["loadBalancers"][0]["targetGroupArn"]]
    )
    assert health["TargetGroups"][0]["HealthCheckPath"] == "/up"
    assert {"key": "managed-by", "value": "pulumi"} in ecs.list_tags_for_resource(resourceArn=service["serviceArn"])[
        "tags"
    ]


def check_changes(app_stack):
    configure_app_stack(app_stack, healthCheckPath="/ready", databaseStorageGib=30, maxTasks=5)
    changed = app_stack.apply()
    assert app_stack.operations() == ["update app-db", "update app-scaling", "update app-web"]
    assert (changed.replaced, changed.deleted) == ((), ())
    assert app_stack.aws("rds").describe_db_instances()["DBInstances"][0]["AllocatedStorage"] == 30
    storage = {"databaseStorageGib": 30}
    configure_app_stack(app_stack, **storage, databaseUsername="other", bucket="none")
    with pytest.raises(EngineError, match=r"nothing was changed:\n  - bucket: .*\n  - databaseUsername "):
        app_stack.apply()
    access = {"basicAuthUsername": "staging", "waf": "count", "wafLogs": True, "mediaCdn": "public"}
    configure_app_stack(app_stack, **storage, **access, workers={"jobs": "python -m jobs"})
    changed = app_stack.apply()
    assert any(urn.endswith("aws:ecs/service:Service::app-jobs") for urn in changed.created)
    password = changed.outputs["basicAuthPassword"]
    assert (type(password), len(password.value)) == (Secret, 24)
    assert "cloudfront.amazonaws.com" in bucket_policy(app_stack)
    (logs,) = app_stack.aws("logs").describe_log_groups(logGroupNamePrefix="aws-waf-logs-app-cdn-waf-")["logGroups"]
    assert logs["retentionInDays"] == 14
    configure_app_stack(app_stack, **storage, acceptDataLoss=["app-media"], bucket="none")
    assert {"app-media", "app-jobs"} <= set(names(app_stack.apply().deleted))
    assert leftovers(app_stack).get("buckets") is None
    app_stack.apply()
    assert app_stack.events == []
    check_another_engine(app_stack, {**storage, "bucket": "none", "database": "mysql"})


def bucket_policy(app_stack):
    s3 = app_stack.aws("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith("app-media-")]
    return s3.get_bucket_policy(Bucket=bucket)["Policy"]


def check_another_engine(app_stack, settings):
    """Another engine replaces the database by an empty one, once that is accepted."""
    configure_app_stack(app_stack, **settings)
    with pytest.raises(EngineError, match=r"- database: 'postgres' → 'mysql' replaces the database app-db"):
        app_stack.apply()
    (before,) = app_stack.aws("rds").describe_db_instances()["DBInstances"]
    assert before["Engine"] == "postgres"
    configure_app_stack(app_stack, **settings, acceptDataLoss=["app-db"])
    assert "app-db" in names(app_stack.apply().replaced)
    (after,) = app_stack.aws("rds").describe_db_instances()["DBInstances"]
    assert (after["Engine"], after["Endpoint"]["Port"]) == ("mysql", 3306)
    assert after["DBInstanceIdentifier"] != before["DBInstanceIdentifier"]
    configure_app_stack(app_stack, **settings)
    app_stack.apply()
    assert app_stack.events == []


def test_a_production_program_with_a_domain_is_created_and_destroyed(app_stack):
    """Only this test proves that the in-process engine applies the complete program with production's settings."""
    app_stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="test")
    production = {
        "environment": "production",
        "domain": "app.example.com",
        "domainAliases": ["www.example.com"],
        "domainRedirects": ["example.com"],
        "waf": "count",
        "workers": {"jobs": "python -m jobs"},
        "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minTasks": 1, "maxTasks": 2}],
        "egress": "nat",
        "deletionProtection": False,
        "bucketVersioned": True,
        "accessLogs": True,
        "flowLogs": True,
    }
    configure_app_stack(app_stack, **production)
    first = app_stack.apply()
    assert first.outputs["url"] == "https://app.example.com"
    elb = app_stack.aws("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    certificates = {listener["Port"]: listener.get("Certificates", []) for listener in listeners}
    issued = [entry["CertificateArn"] for entry in app_stack.aws("acm").list_certificates()["CertificateSummaryList"]]
    assert [entry["CertificateArn"] for entry in certificates[443]] == issued
    scaling = app_stack.aws("application-autoscaling")
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert action["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 2}
    assert (len(app_stack.apply().unchanged), app_stack.events) == (len(first.created), [])
    configure_app_stack(app_stack, **production, dualStack=True)
    changed = app_stack.apply()
    assert (changed.replaced, changed.deleted) == ((), ())
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["IpAddressType"] == "dualstack"
    subnets = app_stack.aws("ec2").describe_subnets(
        SubnetIds=[zone["SubnetId"] for zone in balancer["AvailabilityZones"]]
    )
    assert all(subnet["Ipv6CidrBlockAssociationSet"] for subnet in subnets["Subnets"])
    app_stack.apply()
    assert app_stack.events == []
    result = app_stack.destroy()
    assert set(leftovers(app_stack)) <= {"buckets", "snapshots"}, "production keeps its data"
    assert len(leftovers(app_stack).get("buckets", [])) == len([urn for urn in result.retained if ":Bucket::" in urn])


@pytest.mark.engine
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_plan_is_the_same_as_that_of_the_real_engine(program, name):
    """The same resources, inputs, parents, dependencies and options, except for the digits of automatic names."""
    real = program(name)
    if name == "prod":
        real.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")
        real.configure(domain="shop.example.com", alarmEmail="ops@example.com", accessLogs=True, cdn=True)
    document = json.loads(real.run("preview", "--json"))
    states = {step["urn"]: step["newState"] for step in document["steps"] if ":pulumi:providers:" not in step["urn"]}
    answers = live_answers(Aws(real.endpoint, "us-east-1"))
    graph = evaluate(real.folder, name, Path(sys.executable), answers=answers)
    assert {resource.urn for resource in graph.resources} == set(states)
    for resource in graph.resources:
        state = states[resource.urn]
        inputs = to_json(dict(resource.inputs))
        if inputs.get("region") == "us-east-1" and "region" not in state["inputs"]:
            del inputs["region"]  # the provider drops its own region
        assert compared(inputs) == compared(own_inputs(state)), resource.label
        assert resource.parent == state.get("parent", "")
        assert set(resource.dependencies) == set(state.get("dependencies", []))
        assert resource.options.protect == state.get("protect", False)
        assert resource.options.retain_on_delete == state.get("retainOnDelete", False)
        assert list(resource.options.ignore_changes) == state.get("ignoreChanges", [])
        dependencies = {key: set(urns) for key, urns in resource.property_dependencies.items() if urns}
        assert dependencies == {key: set(urns) for key, urns in state.get("propertyDependencies", {}).items() if urns}


def own_inputs(state):
    """The program's own inputs, without those that the engine or the provider has added."""
    inputs = dict(state.get("inputs", {}))
    if "pulumi:providers:" in state["type"]:
        inputs = {name: value for name, value in inputs.items() if name not in ("version", "__internal")}
    for name in inputs.pop("__defaults", []):
        inputs.pop(name)
    return inputs


def compared(value):
    if isinstance(value, dict):
        if "4dabf18193072939515e22adb298388d" in value:
            return "[secret]"  # as a preview shows one
        return {key: compared(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [compared(item) for item in value]
    return re.sub(r"-[0-9a-f]{7}\b", "-#", value) if isinstance(value, str) else value
