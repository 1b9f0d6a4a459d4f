"""Policies that limit: what a preview may see, and the most that a role of the app may do."""

from collections.abc import Sequence

from ..iam import PARAMETER_PATH, Scope, Statement, allow, state


def reads(scope: Scope) -> list[Statement]:
    """Read the configuration of the stack's resources, but none of their data."""
    return [
        allow(
            "ec2:Describe* ec2:GetManagedPrefixListEntries ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe* "
            "acm:DescribeCertificate acm:ListCertificates acm:ListTagsForCertificate route53:Get* route53:List* "
            "cloudfront:Get* cloudfront:List* cloudfront:DescribeFunction ecs:Describe* ecs:List* ecr:Describe* ecr:List* ecr:GetAuthorizationToken "
            "ecr:GetLifecyclePolicy ecr:GetRepositoryPolicy ecr:BatchCheckLayerAvailability ecr:BatchGetImage "
            "ecr:GetDownloadUrlForLayer logs:Describe* logs:GetDelivery* logs:ListTagsForResource cloudwatch:DescribeAlarms "
            "cloudwatch:ListTagsForResource sns:GetTopicAttributes sns:GetSubscriptionAttributes sns:List* "
            "application-autoscaling:Describe* application-autoscaling:ListTagsForResource budgets:ViewBudget "
            "budgets:ListTagsForResource rds:Describe* rds:ListTagsForResource elasticache:Describe* "
            "elasticache:ListTagsForResource s3:GetBucket* s3:GetLifecycleConfiguration "
            "s3:GetEncryptionConfiguration s3:GetReplicationConfiguration s3:GetAccelerateConfiguration "
            "s3:GetBucketObjectLockConfiguration s3:ListTagsForResource secretsmanager:DescribeSecret "
            "secretsmanager:GetResourcePolicy secretsmanager:ListSecretVersionIds kms:DescribeKey kms:GetKeyPolicy "
            "kms:GetKeyRotationStatus kms:ListResourceTags kms:ListAliases iam:GetRole iam:GetRolePolicy iam:GetPolicy "
            "iam:GetPolicyVersion iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole "
            "iam:ListPolicyVersions ssm:DescribeParameters wafv2:GetWebACLForResource "
            "wafv2:GetWebACL wafv2:GetIPSet wafv2:GetLoggingConfiguration wafv2:ListTagsForResource "
            "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags scheduler:Get* scheduler:List* events:DescribeRule "
            "events:ListTargetsByRule events:ListTagsForResource",
            "*",
        ),
        allow("s3:ListBucket", scope.buckets()),  # whether a bucket exists
        allow("ssm:GetParameter ssm:GetParametersByPath ssm:GetParameterHistory", _records(scope)),
        *state(scope, "s3:GetObject", "kms:Decrypt"),
    ]


def no_data(scope: Scope) -> list[Statement]:
    """Never read data, whatever else is attached to the role: secrets, parameters, files, logs, what keys encrypt."""
    secrets = "secretsmanager:GetSecretValue secretsmanager:BatchGetSecretValue"
    data = "logs:GetLogEvents logs:FilterLogEvents logs:StartQuery rds:DownloadDBLogFilePortion sqs:ReceiveMessage "
    data += "wafv2:GetSampledRequests"
    bucket, key = scope.state_bucket_arn, scope.state_key_arn
    return [
        {"Effect": "Deny", "Action": f"{secrets} {data}".split(), "Resource": "*"},
        {"Effect": "Deny", "Action": ["ssm:GetParameter*"], "NotResource": _records(scope)},
        {"Effect": "Deny", "Action": ["s3:GetObject*"], **_all_but(f"{bucket}/*" if bucket else None)},
        {"Effect": "Deny", "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"], **_all_but(key)},
    ]


def boundary(scope: Scope, extra_actions: Sequence[str]) -> list[Statement]:
    """The most that a role of the app can ever do, whatever its policies allow."""
    logs = scope.arns("logs", "log-group:{n}-*", "log-group:RDSOSMetrics:*")
    parameters = (f"parameter/{PARAMETER_PATH}/*", "parameter/{n}/*", "parameter/{n}-*")
    via = {
        "StringLike": {
            "kms:ViaService": [f"{service}.*.amazonaws.com" for service in ("secretsmanager", "ssm", "s3", "sqs")]
        }
    }
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    return [
        allow(
            "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer "
            "ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel "
            "ssmmessages:OpenDataChannel cloudwatch:PutMetricData xray:PutTraceSegments xray:PutTelemetryRecords "
            "ses:SendEmail ses:SendRawEmail rds-db:connect " + " ".join(extra_actions),
            "*",
        ),
        allow(
            "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:Describe* logs:PutRetentionPolicy", logs
        ),
        allow(
            "secretsmanager:GetSecretValue secretsmanager:DescribeSecret", scope.arns("secretsmanager", "secret:{n}-*")
        ),
        allow("ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath", scope.arns("ssm", *parameters)),
        allow("s3:ListBucket s3:GetBucketLocation", scope.buckets()),
        allow(
            "s3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload s3:ListMultipartUploadParts "
            "s3:GetObjectVersion s3:GetObjectTagging s3:PutObjectTagging",
            scope.buckets("/*"),
        ),
        allow("sns:Publish", scope.arns("sns", "{n}-*")),
        allow(
            "sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes "
            "sqs:GetQueueUrl",
            scope.arns("sqs", "{n}-*"),
        ),
        {**allow("kms:Decrypt kms:GenerateDataKey", "*"), "Condition": via},
        # EventBridge Scheduler starts the tasks of jobs, whose runs look for earlier ones; ListTasks takes no task.
        allow("ecs:RunTask", scope.arns("ecs", "task-definition/{n}-jobs-*:*")),
        allow("ecs:ListTasks", "*"),
        allow("ecs:DescribeTasks ecs:TagResource", scope.arns("ecs", "task/*")),
        {**allow("iam:PassRole", scope.arns("iam", "role/{n}-*", region="")), "Condition": to_tasks},
        *_no_state(scope),
    ]


def _no_state(scope: Scope) -> list[Statement]:
    statements: list[Statement] = []
    if scope.state_bucket_arn:
        resources = [scope.state_bucket_arn, f"{scope.state_bucket_arn}/*"]
        statements.append({"Effect": "Deny", "Action": ["s3:*"], "Resource": resources})
    if scope.state_key_arn:
        statements.append({"Effect": "Deny", "Action": ["kms:*"], "Resource": scope.state_key_arn})
    return statements


def _records(scope: Scope) -> list[str]:
    """The records of releases, which hold no secret."""
    return scope.arns("ssm", f"parameter/{PARAMETER_PATH}/*")


def _all_but(arn: str | None) -> Statement:
    return {"NotResource": arn} if arn else {"Resource": "*"}
