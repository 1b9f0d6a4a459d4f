import fnmatch
import json
import re
from pathlib import Path

import pulumi
import pytest
from flask_on_aws.github import deploy_policies as deployment
from flask_on_aws.github import limit_policies as limits
from flask_on_aws.github.deploy_role import GitHubDeployRole, problems, subjects
from flask_on_aws.iam import Scope, document

ROOT = Path(__file__).parents[4]
DEPLOY = {"repository": "octo/shop", "environments": ["production"]}
BUCKET, KEY = "arn:aws:s3:::team-state", "arn:aws:kms:eu-west-1:123456789012:key/1"
SCOPE = Scope("123456789012", "aws", ["app"], BUCKET, KEY)
BOUNDARY = "arn:aws:iam::123456789012:policy/github-boundary-1234567"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
# The largest of everything: names of 20 characters (the setting's limit), the longest partition and bucket name.
LARGEST = Scope(
    "123456789012",
    "aws-us-gov",
    [f"application-number-{digit}" for digit in range(5)],
    f"arn:aws-us-gov:s3:::{'b' * 63}",
    "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    [f"Z0123456789ABCDEFGHI{digit}" for digit in range(5)],
)


def deploy_policies(scope=SCOPE):
    return {
        "reads": limits.reads(scope),
        "network": deployment.network(scope),
        "runtime": deployment.runtime(scope),
        "observation": deployment.observation(scope),
        "data": deployment.data(scope),
        "identity": deployment.identity(scope, BOUNDARY, "github", PROVIDER),
    }


def every_policy(scope=SCOPE):
    return {
        **deploy_policies(scope),
        "no-data": limits.no_data(scope),
        "boundary": limits.boundary(scope, ["dynamodb:BatchWriteItem"] * 10),
    }


def matching(statements, action, resource, effect="Allow"):
    """The statements that speak of this action on this resource."""

    def speaks(statement):
        within = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        return any(fnmatch.fnmatchcase(action, pattern) for pattern in statement["Action"]) and any(
            fnmatch.fnmatchcase(resource, pattern) for pattern in within
        )

    return [s for s in statements if s["Effect"] == effect and "Resource" in s and speaks(s)]


def allowed(statements, action, resource):
    return bool(matching(statements, action, resource)) and not matching(statements, action, resource, "Deny")


def all_of(policies):
    return [statement for statements in policies.values() for statement in statements]


def test_only_the_named_environment_of_the_repository_may_take_the_role(deploy):
    deployed = deploy(lambda: GitHubDeployRole("github", {**DEPLOY}))
    role, provider = deployed.named("github"), deployed.of_type(":OpenIdConnectProvider")["github-github"]
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:octo/shop:environment:production"],
        }
    }
    assert role["maxSessionDuration"] == 3600
    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_an_existing_provider_is_used(deploy):
    deployed = deploy(lambda: GitHubDeployRole("github", {**DEPLOY, "provider_arn": PROVIDER}))
    assert not deployed.of_type(":OpenIdConnectProvider")
    (statement,) = json.loads(deployed.named("github")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"branches": ["main", "release/1"]}, ["ref:refs/heads/main", "ref:refs/heads/release/1"]),
        ({"tags": ["v1.0.0"]}, ["ref:refs/tags/v1.0.0"]),
        ({"environments": ["dev"]}, ["environment:dev"]),
        ({"read_only": True}, ["pull_request"]),
        ({"read_only": True, "branches": ["main"]}, ["ref:refs/heads/main", "pull_request"]),
    ],
)
def test_subjects_are_exact_and_pull_requests_only_look(args, expected):
    assert subjects({"repository": "octo/shop", **args}) == [f"repo:octo/shop:{subject}" for subject in expected]


def test_immutable_subjects_keep_their_numbers():
    args = {"repository": "octo@12/shop@34", "branches": ["main"]}
    assert not list(problems("github", args))
    assert subjects(args) == ["repo:octo@12/shop@34:ref:refs/heads/main"]


def test_a_deploy_role_has_its_policies_and_a_boundary_to_give_on(deploy):
    deployed = deploy(lambda: GitHubDeployRole("github", {**DEPLOY, "state_bucket_arn": BUCKET, "state_key_arn": KEY}))
    attached = set(deployed.of_type(":RolePolicyAttachment"))
    assert attached == {f"github-{role}" for role in deploy_policies()}
    assert deployed.outputs["boundary_arn"].endswith(":github-boundary")
    managed = deployed.of_type("iam/policy:Policy")
    identity = json.loads(managed["github-identity"]["policy"])["Statement"]
    assert identity[0]["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": deployed.outputs["boundary_arn"]}}
    assert json.loads(managed["github-boundary"]["policy"]) == document(limits.boundary(SCOPE, []))


def test_a_read_only_role_looks_and_has_no_boundary(deploy):
    deployed = deploy(lambda: GitHubDeployRole("preview", {"repository": "octo/shop", "read_only": True}))
    assert set(deployed.of_type(":RolePolicyAttachment")) == {"preview-reads", "preview-no-data"}
    assert deployed.outputs["boundary_arn"] == ""


@pytest.mark.parametrize("scope", [SCOPE, LARGEST], ids=["usual", "largest"])
@pytest.mark.parametrize("role", sorted(every_policy()))
def test_every_policy_is_within_the_limit_of_iam(role, scope):
    assert len("".join(json.dumps(document(every_policy(scope)[role])).split())) <= 6144


def test_no_policy_allows_every_action_or_a_whole_service():
    for role, statements in every_policy().items():
        for statement in statements:
            if statement["Effect"] == "Allow":
                bad = [action for action in statement["Action"] if action.endswith(":*") or action == "*"]
                assert not bad, (role, bad)


def test_all_actions_are_real():
    session = pytest.importorskip("botocore.session").get_session()
    # These name their actions otherwise than their API's operations.
    other, model = {"s3", "budgets", "ssmmessages", "rds-db"}, {"elasticloadbalancing": "elbv2"}
    for action in {action for statement in all_of(every_policy()) for action in statement["Action"]}:
        service, name = action.split(":")
        # From the third on, permissions without an operation, which CreateDelivery and AWS WAF's logging ask for:
        # AmazonCloudWatch/latest/logs/AWS-vended-logs-permissions-V2.html, waf/latest/developerguide/logging.html
        permissions = ("iam:PassRole", "kms:*", "cloudfront:AllowVendedLogDeliveryForResource")
        permissions += ("logs:CreateLogDelivery", "logs:DeleteLogDelivery")
        if service not in other and action not in permissions:
            operations = session.get_service_model(model.get(service, service)).operation_names
            assert fnmatch.filter(operations, name), action


def test_every_service_that_components_create_resources_of_can_be_deployed():
    prefixes = {"vpc": "ec2", "lb": "elasticloadbalancing", "appautoscaling": "application-autoscaling"}
    prefixes["docdb"] = "rds"  # DocumentDB's API is part of RDS's
    used = set()
    for path in (ROOT / "components" / "flask_on_aws").rglob("*.py"):
        used |= set(re.findall(r"\baws\.([a-z0-9]+)\.[A-Z]\w+\(", path.read_text()))
    assert {"ec2", "ecs", "s3"} <= used
    granted = {a.split(":")[0] for s in all_of(deploy_policies()) if s["Effect"] == "Allow" for a in s["Action"]}
    assert {prefixes.get(module, module) for module in used} <= granted


def test_a_release_can_run_its_command_and_watch():
    statements = all_of(deploy_policies())
    arn = "arn:aws:{}:eu-west-1:123456789012:{}".format
    for action, resource in (
        ("ecs:RunTask", arn("ecs", "task-definition/app-release:3")),
        ("ecs:RunTask", arn("ecs", "task-definition/app:3")),
        ("ecs:DescribeTasks", arn("ecs", "task/app-1/2")),
        ("ecs:DescribeServices", arn("ecs", "service/app-1/app-2")),
        ("ecs:ListTasks", arn("ecs", "container-instance/app-1/2")),
        ("elasticloadbalancing:DescribeTargetHealth", "*"),
        ("logs:GetLogEvents", arn("logs", "log-group:app-web-logs-1:log-stream:web/web/1")),
        ("logs:FilterLogEvents", arn("logs", "log-group:app-web-logs-1")),
        ("ssm:PutParameter", arn("ssm", "parameter/flask-on-aws/app/release")),
        ("ssm:GetParameter", arn("ssm", "parameter/flask-on-aws/app/release")),
        ("ecs:StopTask", arn("ecs", "task/app-1/2")),
        ("ecs:UpdateService", arn("ecs", "service/app-1/app-2")),
        ("elasticloadbalancing:DescribeTargetGroups", "*"),
    ):
        assert allowed(statements, action, resource), action


def test_a_deploying_role_may_attach_a_web_acl_of_the_account():
    """The side of what is protected too: "Permissions for AssociateWebACL" in AWS WAF's developer guide."""
    statements = all_of(deploy_policies())
    arn = "arn:aws:{}:eu-west-1:123456789012:{}".format
    for action in ("AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource"):
        assert allowed(statements, f"wafv2:{action}", arn("wafv2", "regional/webacl/shared/1")), action
    for name, may in (("app-alb-1", True), ("payroll", False)):
        balancer = arn("elasticloadbalancing", f"loadbalancer/app/{name}/2")
        assert allowed(statements, "elasticloadbalancing:SetWebACL", balancer) is may
    for action in ("UpdateWebACL", "DeleteWebACL", "PutLoggingConfiguration"):
        assert not allowed(statements, f"wafv2:{action}", arn("wafv2", "regional/webacl/shared/1")), action


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_deploying_role_may_request_certificates_in_its_region_and_in_cloudfront_s(region):
    statements = all_of(deploy_policies())
    certificate = f"arn:aws:acm:{region}:123456789012:certificate/1"
    for action in ("RequestCertificate", "DescribeCertificate", "DeleteCertificate", "AddTagsToCertificate"):
        matched = matching(statements, f"acm:{action}", certificate)
        assert matched, action
        assert not any("Condition" in statement for statement in matched), action


def test_a_deploying_role_manages_the_app_s_web_acls_and_no_others():
    statements = all_of(deploy_policies())
    arn = "arn:aws:{}:us-east-1:123456789012:{}".format
    for name, may in (("app", True), ("payroll", False)):
        for scope, role in (("global", "cdn-waf"), ("regional", "waf")):
            acl = arn("wafv2", f"{scope}/webacl/{name}-{role}-1/2")
            ip_set = arn("wafv2", f"{scope}/ipset/{name}-{role}-allowed-ipv4-1/2")
            for verb in ("Create", "Update", "Delete"):
                assert allowed(statements, f"wafv2:{verb}WebACL", acl) is may
                assert allowed(statements, f"wafv2:{verb}IPSet", ip_set) is may
            for verb in ("Put", "Delete"):
                assert allowed(statements, f"wafv2:{verb}LoggingConfiguration", acl) is may
            group = arn("logs", f"log-group:aws-waf-logs-{name}-{role}-1")
            assert allowed(statements, "logs:CreateLogGroup", group) is may
    for action in ("CreateLogDelivery", "DeleteLogDelivery", "PutResourcePolicy", "DescribeResourcePolicies"):
        assert allowed(statements, f"logs:{action}", "*"), action


def test_a_deploying_role_may_encrypt_with_a_key_of_the_account():
    """What each service asks of whoever creates something that a customer managed key encrypts."""
    statements = all_of(deploy_policies())
    arn = "arn:aws:{}:eu-west-1:123456789012:{}".format
    key, group = arn("kms", "key/12345678-1234-1234-1234-123456789012"), arn("logs", "log-group:app-web-logs-1")
    for action in (
        *("CreateKey", "EnableKeyRotation", "GetKeyRotationStatus", "PutKeyPolicy", "ScheduleKeyDeletion"),  # the key
        *("CreateGrant", "DescribeKey", "RetireGrant"),  # ECR and RDS
        *("GenerateDataKey", "Decrypt"),  # Secrets Manager, Performance Insights
    ):
        assert allowed(statements, f"kms:{action}", key), action
    for action in ("AssociateKmsKey", "DisassociateKmsKey"):
        assert allowed(statements, f"logs:{action}", group), action
        assert not allowed(statements, f"logs:{action}", arn("logs", "log-group:payroll")), action
    conditions = {
        action: [s["Condition"] for s in matching(statements, f"kms:{action}", key)]
        for action in ("Decrypt", "CreateGrant", "RetireGrant")
    }
    assert all(all(condition for condition in found) for found in conditions.values())


def test_an_app_s_role_may_use_its_key_for_secrets_and_files_alone():
    key = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    for action in ("Decrypt", "GenerateDataKey"):
        (statement,) = matching(limits.boundary(SCOPE, []), f"kms:{action}", key)
        services = statement["Condition"]["StringLike"]["kms:ViaService"]
        assert services == [f"{service}.*.amazonaws.com" for service in ("secretsmanager", "ssm", "s3", "sqs")]


def test_a_preview_sees_which_release_runs():
    previewing = [*limits.reads(SCOPE), *limits.no_data(SCOPE)]
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/"
    assert allowed(previewing, "ssm:GetParametersByPath", f"{arn}flask-on-aws/app-cluster-1/app-web")
    assert not allowed(previewing, "ssm:GetParametersByPath", f"{arn}payroll")


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "logs",
        "run",
        "jobs list",
        "jobs history",
        "releases",
        "restart",
        "maintenance",
        "env",
        "env --secrets",
        "secrets list",
        "secrets history",
        "rollback",
    ],
)
def test_a_deploying_role_may_look_after_the_app(command):
    page = (ROOT / "docs" / "operations.md").read_text()
    (row,) = (line.split("|")[2] for line in page.splitlines() if line.startswith(f"| `{command}` |"))
    granted = [pattern for s in all_of(deploy_policies()) if s["Effect"] == "Allow" for pattern in s["Action"]]
    needed = re.findall(r"`([a-z]+:\w+)`", row)
    assert needed
    for action in needed:
        assert any(fnmatch.fnmatchcase(action, pattern) for pattern in granted), action


def test_other_systems_of_the_account_are_out_of_reach():
    statements = all_of(deploy_policies())
    arn = "arn:aws:{}:eu-west-1:123456789012:{}".format
    for action, resource in (
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:payroll-1")),
        ("s3:DeleteObject", "arn:aws:s3:::payroll/file"),
        ("s3:GetObject", "arn:aws:s3:::app-media-1/file"),
        ("rds:DeleteDBInstance", arn("rds", "db:payroll")),
        ("ecs:RunTask", arn("ecs", "task-definition/apple:1")),
        ("ssm:GetParameter", arn("ssm", "parameter/payroll")),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/app-1"),
        ("iam:CreatePolicy", "arn:aws:iam::123456789012:policy/app-1"),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/admin"),
    ):
        assert not allowed(statements, action, resource), action


def test_roles_are_made_and_changed_only_within_the_boundary():
    for action in ("CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"):
        found = matching(all_of(deploy_policies()), f"iam:{action}", "arn:aws:iam::123456789012:role/app-task-1")
        assert [s["Condition"] for s in found] == [{"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}], action


def test_roles_are_passed_only_to_the_services_that_need_them():
    (statement,) = matching(all_of(deploy_policies()), "iam:PassRole", "arn:aws:iam::123456789012:role/app-task-1")
    assert statement["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "ecs-tasks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "scheduler.amazonaws.com",
    ]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:SetDefaultPolicyVersion", BOUNDARY),
        ("iam:DeletePolicy", BOUNDARY),
        ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::123456789012:role/app-task-1"),
        ("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/github-1234567"),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/github-1234567"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/github-identity-1234567"),
        ("iam:AddClientIDToOpenIDConnectProvider", PROVIDER),
        ("s3:DeleteObjectVersion", f"{BUCKET}/.pulumi/stacks/app.json"),
        ("s3:PutBucketPolicy", BUCKET),
        ("kms:ScheduleKeyDeletion", KEY),
        ("kms:PutKeyPolicy", KEY),
    ],
)
def test_a_deployment_is_denied_its_own_limits_and_the_states_protection(action, resource):
    assert matching(all_of(deploy_policies()), action, resource, "Deny")


def test_a_deployment_writes_the_state_and_a_preview_only_reads_it():
    state = f"{BUCKET}/.pulumi/stacks/app.json"
    deploying, previewing = all_of(deploy_policies()), [*limits.reads(SCOPE), *limits.no_data(SCOPE)]
    for action, resource in (("s3:GetObject", state), ("kms:Decrypt", KEY)):
        assert allowed(deploying, action, resource)
        assert allowed(previewing, action, resource)
    for action, resource in (("s3:PutObject", state), ("kms:Encrypt", KEY)):
        assert allowed(deploying, action, resource)
        assert not allowed(previewing, action, resource)


def test_a_preview_reads_no_data_even_if_more_is_attached():
    denied, parameters, objects, keys = limits.no_data(SCOPE)
    for action in ("secretsmanager:GetSecretValue", "logs:GetLogEvents"):
        assert any(fnmatch.fnmatchcase(action, pattern) for pattern in denied["Action"]), action
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "*")
    records = ["arn:aws:ssm:*:123456789012:parameter/flask-on-aws/*"]  # which release runs is no secret
    assert parameters == {"Effect": "Deny", "Action": ["ssm:GetParameter*"], "NotResource": records}
    assert objects == {"Effect": "Deny", "Action": ["s3:GetObject*"], "NotResource": f"{BUCKET}/*"}
    assert "kms:Decrypt" in keys["Action"]
    assert keys["NotResource"] == KEY
    for statement in limits.no_data(Scope("1", "aws", ["app"])):
        assert statement["Effect"] == "Deny"
        assert statement.get("Resource") == "*" or statement["Action"] == ["ssm:GetParameter*"]


def test_an_apps_role_can_never_make_roles_or_see_the_state():
    statements = limits.boundary(SCOPE, ["dynamodb:GetItem"])
    actions = [action for s in statements if s["Effect"] == "Allow" for action in s["Action"]]
    # EventBridge Scheduler's role passes the app's roles to the tasks of jobs.
    assert [action for action in actions if action.startswith(("iam:", "sts:"))] == ["iam:PassRole"]
    (give,) = matching(statements, "iam:PassRole", "arn:aws:iam::123456789012:role/app-task-1")
    assert give["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert not allowed(statements, "iam:PassRole", "arn:aws:iam::123456789012:role/admin")
    assert allowed(statements, "ecs:RunTask", "arn:aws:ecs:us-east-1:123456789012:task-definition/app-jobs-nightly:7")
    assert not allowed(statements, "ecs:RunTask", "arn:aws:ecs:us-east-1:123456789012:task-definition/payroll:7")
    assert "dynamodb:GetItem" in actions
    assert matching(statements, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/app.json", "Deny")
    assert matching(statements, "kms:Decrypt", KEY, "Deny")
    assert allowed(statements, "s3:GetObject", "arn:aws:s3:::app-media-1/file")
    assert not allowed(statements, "s3:GetObject", "arn:aws:s3:::payroll/file")


def test_records_are_set_only_in_the_given_zones():
    statements = deployment.network(SCOPE._replace(zone_ids=["Z1"]))
    assert allowed(statements, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1")
    assert not allowed(statements, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z2")


@pytest.mark.parametrize(
    ("args", "argument", "said"),
    [
        ({"repository": "shop", "branches": ["main"]}, "repository", "'shop' must be owner/name"),
        ({"repository": "octo/*", "branches": ["main"]}, "repository", "'octo/*' must be owner/name"),
        ({"repository": "octo@1/shop", "branches": ["main"]}, "repository", "with both numbers"),
        ({"branches": ["main"]}, "repository", "'' must be owner/name"),
        ({"repository": "octo/shop"}, "branches", "exactly one of branches, environments, tags; given: none."),
        (
            {"repository": "octo/shop", "branches": ["main"], "tags": ["v1"]},
            "branches",
            "given: branches, tags.",
        ),
        ({"repository": "octo/shop", "tags": ["v*"]}, "tags", "'v*' must be an exact name"),
        ({"repository": "octo/shop", "environments": ["a:b"]}, "environments", "'a:b' must be an exact name"),
        ({**DEPLOY, "app_names": []}, "app_names", "0 names; use from 1 to 5"),
        ({**DEPLOY, "app_names": ["App"]}, "app_names", "'App' must be lower-case"),
        ({**DEPLOY, "app_names": ["github"]}, "app_names", "rename the role"),
        ({**DEPLOY, "extra_app_actions": ["*"]}, "extra_app_actions", "'*' must be an action"),
        ({**DEPLOY, "extra_app_actions": ["s3:*"]}, "extra_app_actions", "'s3:*' must be an action"),
        ({**DEPLOY, "extra_app_actions": ["iam:PassRole"]}, "extra_app_actions", "not one of iam"),
    ],
)
def test_wrong_arguments_are_rejected_with_the_value_and_the_fix(args, argument, said):
    (problem,) = problems("github", args)
    assert problem.argument == argument
    assert said in problem.reason


def test_nothing_is_registered_when_arguments_are_wrong(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="repository"):
        GitHubDeployRole("github", {"repository": "octo", "branches": ["main"]})
    assert mocks.resources == []
