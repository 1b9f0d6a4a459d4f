import json

import pulumi
import pytest
from flask_on_aws.ecs.task_roles import TaskRoles, execution_policy, repository_arn, secret_arn

SECRET = "arn:aws:secretsmanager:us-east-1:1:secret:app-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:1:parameter/app/key"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web@sha256:1"
LOGS = "arn:aws:logs:us-east-1:1:log-group:app"


def statements(policy):
    return json.loads(policy)["Statement"]


def test_exactly_the_named_secrets_are_granted():
    policy = execution_policy(LOGS, [REPOSITORY], [f"{SECRET}:A::", f"{SECRET}:B::", PARAMETER], [])
    granted = {tuple(s["Action"]): s["Resource"] for s in statements(policy)}
    assert granted[("secretsmanager:GetSecretValue",)] == [SECRET]
    assert granted[("ssm:GetParameters",)] == [PARAMETER]
    assert granted[("logs:CreateLogStream", "logs:PutLogEvents")] == f"{LOGS}:*"
    assert [s["Action"] for s in statements(policy) if s["Resource"] == "*"] == [["ecr:GetAuthorizationToken"]]


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (REPOSITORY, "arn:aws:ecr:us-east-1:123456789012:repository/shop/web"),
        ("1" * 12 + ".dkr.ecr.cn-north-1.amazonaws.com.cn/a:1", "arn:aws-cn:ecr:cn-north-1:111111111111:repository/a"),
        ("docker.io/library/nginx:1", ""),
    ],
)
def test_only_the_image_s_own_repository_is_pulled_from(image, arn):
    assert repository_arn(image) == arn
    pulled = [
        s["Resource"] for s in statements(execution_policy(LOGS, [image], [], [])) if "ecr:BatchGetImage" in s["Action"]
    ]
    assert pulled == ([[arn]] if arn else [])


def test_nothing_is_granted_for_secrets_that_are_not_there():
    actions = [action for s in statements(execution_policy(LOGS, [REPOSITORY], [], [])) for action in s["Action"]]
    assert not [action for action in actions if action.startswith(("secretsmanager", "ssm", "kms"))]


def test_keys_of_the_user_s_own_are_granted_by_name():
    (kms,) = [
        s for s in statements(execution_policy(LOGS, [REPOSITORY], [], ["arn:key"])) if "kms:Decrypt" in s["Action"]
    ]
    assert kms["Resource"] == ["arn:key"]


def test_a_reference_s_key_and_version_are_not_part_of_the_arn():
    assert secret_arn(f"{SECRET}:KEY:stage:version") == SECRET
    assert secret_arn(SECRET) == SECRET


def test_the_app_s_role_has_just_what_it_was_given(deploy):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    deployed = deploy(
        lambda: TaskRoles("web", {"log_group_arn": LOGS, "policies": {"media": policy}, "policy_arns": {"x": "arn:x"}})
    )
    assert deployed.named("web-task-media")["policy"] == policy
    assert deployed.named("web-task-x")["policyArn"] == "arn:x"
    assert "web-task-exec" not in deployed.of_type(":RolePolicy")


def test_ecs_exec_and_a_boundary_are_opt_in(deploy):
    args = {"log_group_arn": LOGS, "enable_exec": True, "permissions_boundary": "arn:boundary"}
    deployed = deploy(lambda: TaskRoles("web", args))
    assert "ssmmessages:OpenDataChannel" in deployed.named("web-task-exec")["policy"]
    assert {role["permissionsBoundary"] for role in deployed.of_type("iam/role:Role").values()} == {"arn:boundary"}


def test_the_roles_are_known_only_with_their_policies(deploy):
    roles = {}

    def program():
        roles["it"] = TaskRoles("web", {"log_group_arn": LOGS})
        return roles["it"]

    deploy(program)
    assert isinstance(roles["it"].execution_role_arn, pulumi.Output)
