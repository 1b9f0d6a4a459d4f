"""Rules about IAM roles and policy documents."""

from collections.abc import Callable, Iterator

from ...model import Severity
from ..documents import DOCUMENTS, Kind, Statement, statements
from ..rule import Check, Rule, Violation
from ..stack import Node, Stack, is_known

_ALL = tuple(DOCUMENTS)
_IDENTITY = tuple(kind for kind, names in DOCUMENTS.items() if Kind.IDENTITY in names.values())
_ROLE = ("iam/role:Role",)
_ATTACHMENT = "iam/rolePolicyAttachment:RolePolicyAttachment"
# Actions that take no resource, from the Service Authorization Reference.
_WITHOUT_RESOURCE = (
    "cloudwatch:putmetricdata",
    "ec2:describe",
    "ecr:getauthorizationtoken",
    "ecs:listclusters",
    "logs:describeloggroups",
    "ses:sendemail",
    "ssmmessages:createcontrolchannel",
    "ssmmessages:createdatachannel",
    "ssmmessages:opencontrolchannel",
    "ssmmessages:opendatachannel",
    "sts:getcalleridentity",
    "xray:put",
)
# With one of these on other roles or policies, a principal can give itself every permission:
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
_ESCALATING = (
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
)
_ADMINISTRATORS = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
# Conditions that name the account, organization or resource on whose behalf a service acts, or what it acts on.
_SOURCES = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalorgid",
    "kms:encryptioncontext:aws:logs:arn",
    "kms:calleraccount",
)
_LIMITS = (*_SOURCES, "aws:principalaccount", "aws:principalarn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip")


def _in_statements(check: Callable[[Statement], Iterator[tuple[str, str]]]) -> Check:
    """For each statement that allows something; the check yields the end of the path and what is wrong."""

    def whole(node: Node, stack: Stack) -> Iterator[Violation]:
        for statement in statements(node):
            if statement.allows:
                for end, detail in check(statement):
                    yield Violation(f"{statement.path}.{end}", detail)

    return whole


def _every_action(statement: Statement) -> Iterator[tuple[str, str]]:
    if "*" in statement.actions or "*:*" in statement.actions:
        yield "Action", "is *"


def _every_action_of_a_service(statement: Statement) -> Iterator[tuple[str, str]]:
    # In the policy of a resource, such as a key, `kms:*` for the account's root leaves the decision to IAM.
    if statement.kind is Kind.RESOURCE and not statement.is_for_anybody and not statement.services:
        return
    for action in statement.actions:
        service, _, name = action.partition(":")
        if service != "*" and name == "*":
            yield "Action", f"has {action}"


def _every_resource(statement: Statement) -> Iterator[tuple[str, str]]:
    if statement.kind is not Kind.IDENTITY or "*" not in statement.resources:
        return
    actions = [action for action in statement.actions if not action.lower().startswith(_WITHOUT_RESOURCE)]
    if actions:
        yield "Resource", f"is * for {', '.join(actions)}"


def _whole_service(statement: Statement) -> Iterator[tuple[str, str]]:
    """All resources of a service in an ARN, such as arn:aws:s3:::*."""
    if statement.kind is not Kind.IDENTITY:
        return
    for resource in statement.resources:
        if resource.count(":") >= 5 and resource.split(":", 5)[5] in ("*", "secret:*", "table/*", "role/*", "key/*"):
            yield "Resource", f"has {resource}"


def _negated(statement: Statement) -> Iterator[tuple[str, str]]:
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if key in statement.content:
            yield key, "allows everything else"


def _passes_roles(statement: Statement) -> Iterator[tuple[str, str]]:
    if not any(action.lower() in ("iam:passrole", "iam:pass*", "iam:*") for action in statement.actions):
        return
    if any(resource == "*" or resource.endswith(":role/*") for resource in statement.resources):
        yield "Resource", "lets every role be passed"
    if "iam:passedtoservice" not in statement.condition_keys:
        yield "Condition", "does not have iam:PassedToService"


def _escalates(statement: Statement) -> Iterator[tuple[str, str]]:
    if statement.kind is not Kind.IDENTITY or "iam:permissionsboundary" in statement.condition_keys:
        return
    for action in statement.actions:
        if action.lower() in _ESCALATING:
            yield "Action", f"has {action}"


def _anybody(statement: Statement) -> Iterator[tuple[str, str]]:
    # Whoever may use a role is named, whatever else is required.
    is_limited = statement.kind is not Kind.TRUST and bool(set(statement.condition_keys) & set(_LIMITS))
    if statement.is_for_anybody and not is_limited:
        yield "Principal", "is everybody"


def _confused_deputy(statement: Statement) -> Iterator[tuple[str, str]]:
    """An AWS service acts for every account that asks it to, unless the statement names the one."""
    if statement.services and not set(statement.condition_keys) & set(_SOURCES):
        yield "Condition", f"does not name the account for which {', '.join(statement.services)} acts"


def _any_workflow(statement: Statement) -> Iterator[tuple[str, str]]:
    """A role for an OIDC provider names whose tokens it accepts."""
    principal = statement.content.get("Principal")
    if not isinstance(principal, dict) or "Federated" not in principal:
        return
    keys = statement.condition_keys
    subjects = [value for key, values in keys.items() if key.endswith(":sub") for value in values]
    if not subjects:
        yield "Condition", "does not have the subject of the token (sub)"
    for subject in subjects:
        if subject in ("*", "repo:*") or subject.startswith(("repo:*/", "*")):
            yield "Condition", f"accepts {subject}"
    if not any(key.endswith(":aud") for key in keys):
        yield "Condition", "does not have the audience of the token (aud)"


def _managed(node: Node) -> str:
    """The name of AWS's managed policy that is attached; empty if it is the account's."""
    arn = node.get("policyArn")
    return arn.rpartition("/")[2] if isinstance(arn, str) and ":iam::aws:policy/" in arn else ""


def _administrator(node: Node, stack: Stack) -> Iterator[Violation]:
    if _managed(node) in _ADMINISTRATORS:
        yield Violation("policyArn", f"is {_managed(node)}")
    for arn in node.at("managedPolicyArns"):
        if is_known(arn) and str(arn).rpartition("/")[2] in _ADMINISTRATORS:
            yield Violation("managedPolicyArns", f"has {str(arn).rpartition('/')[2]}")


def _aws_managed(node: Node, stack: Stack) -> Iterator[Violation]:
    if name := _managed(node):
        yield Violation("policyArn", f"is {name}")


RULES = (
    Rule(
        "iam-administrator",
        Severity.CRITICAL,
        "Policies do not allow every action",
        "Whoever controls the role controls the account.",
        "Name the actions.",
        _ALL,
        _in_statements(_every_action),
        "CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV2_AWS_40 AWS-0057 AwsSolutions-IAM5 IAM.1",
    ),
    Rule(
        "iam-managed-administrator",
        Severity.CRITICAL,
        "Roles do not have AWS's policies for administrators",
        "Whoever controls the role controls the account.",
        "Attach a policy with the actions that are needed.",
        (_ATTACHMENT, *_ROLE),
        _administrator,
        "CKV_AWS_274 CKV_AWS_275 CKV2_AWS_56 IAM.1",
    ),
    Rule(
        "iam-managed-policy",
        Severity.LOW,
        "Roles have policies of your own",
        "AWS's managed policies allow more than one role needs, and change.",
        "Attach a policy with the actions that are needed.",
        (_ATTACHMENT,),
        _aws_managed,
        "AwsSolutions-IAM4",
    ),
    Rule(
        "iam-service-wildcard",
        Severity.HIGH,
        "Policies name the actions of a service",
        "The role may also delete what it should only read.",
        "Name the actions.",
        _ALL,
        _in_statements(_every_action_of_a_service),
        "CKV_AWS_288 AWS-0057 AWS-0345 AwsSolutions-IAM5 IAM.21",
    ),
    Rule(
        "iam-every-resource",
        Severity.HIGH,
        "Policies name the resources",
        "The role may use the resources of other apps in the account.",
        "Name the resources by ARN.",
        _IDENTITY,
        _in_statements(_every_resource),
        "CKV_AWS_107 CKV_AWS_108 CKV_AWS_109 CKV_AWS_111 CKV_AWS_287 CKV_AWS_288 CKV_AWS_289 CKV_AWS_290 CKV_AWS_355 "
        "CKV_AWS_356 AWS-0057 AWS-0346 AwsSolutions-IAM5 KMS.1 KMS.2",
    ),
    Rule(
        "iam-whole-service",
        Severity.HIGH,
        "Policies name single resources of a service",
        "The role may use the resources of other apps in the account.",
        "Name the resources by ARN.",
        _IDENTITY,
        _in_statements(_whole_service),
        "CKV_AWS_355 AwsSolutions-IAM5",
    ),
    Rule(
        "iam-negated",
        Severity.HIGH,
        "Statements that allow something name it",
        "NotAction, NotResource and NotPrincipal allow everything else, with all that AWS adds.",
        "Use Action, Resource and Principal.",
        _ALL,
        _in_statements(_negated),
    ),
    Rule(
        "iam-pass-role",
        Severity.HIGH,
        "Roles can be passed only by name and to one service",
        "Who may pass a role to a service can use all of its permissions.",
        "Name the roles, and the service in the condition iam:PassedToService.",
        _IDENTITY,
        _in_statements(_passes_roles),
        "CKV_AWS_286 AWS-0342",
    ),
    Rule(
        "iam-escalation",
        Severity.HIGH,
        "Roles cannot give themselves permissions",
        "Whoever controls the role controls the account.",
        "Remove the action, or add the condition iam:PermissionsBoundary.",
        _IDENTITY,
        _in_statements(_escalates),
        "CKV_AWS_110 CKV_AWS_286 CKV_AWS_287 CKV_AWS_289",
    ),
    Rule(
        "iam-public",
        Severity.CRITICAL,
        "No policy allows something to everybody",
        "Every account of AWS can use it.",
        "Name the principals, or add a condition such as aws:SourceAccount.",
        _ALL,
        _in_statements(_anybody),
        "CKV_AWS_32 CKV_AWS_33 CKV_AWS_60 CKV_AWS_61 CKV_AWS_70 CKV_AWS_283 AWS-0032 KMS.5 S3.2 S3.6 SNS.4 SQS.3",
    ),
    Rule(
        "iam-confused-deputy",
        Severity.MEDIUM,
        "Services of AWS act only on behalf of your account",
        "Another account could let the service use this role or resource for it.",
        "Add the condition aws:SourceAccount or aws:SourceArn.",
        _ALL,
        _in_statements(_confused_deputy),
    ),
    Rule(
        "iam-oidc-subject",
        Severity.CRITICAL,
        "Roles for workflows name the repository",
        "Workflows of other repositories, which anybody can create, could use the role.",
        "Add a condition with the token's sub and aud.",
        _ROLE,
        _in_statements(_any_workflow),
        "CKV_AWS_358 CKV_AWS_393",
    ),
)
