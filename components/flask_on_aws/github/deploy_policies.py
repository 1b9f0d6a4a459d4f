"""What a deployment may do on AWS, in policies of at most 6,144 characters each.

Where a physical name starts with the app's, the ARN includes it. EC2, ACM, CloudFront, KMS and autoscaling identify
resources by generated ids alone: there only the list of actions limits the role, and a dedicated account for production
keeps other systems out of reach.
"""

from ..iam import PARAMETER_PATH, Scope, Statement, allow, state


def network(scope: Scope) -> list[Statement]:
    """VPC, load balancer, certificates, DNS records and CloudFront."""
    balancers = ("loadbalancer/app/{n}-*/*", "listener/app/{n}-*/*", "listener-rule/app/{n}-*/*", "targetgroup/{n}-*/*")
    zones = scope.zone_ids or ["*"]
    return [
        allow(
            "ec2:CreateVpc ec2:DeleteVpc ec2:ModifyVpcAttribute ec2:*VpcCidrBlock ec2:CreateSubnet ec2:DeleteSubnet "
            "ec2:ModifySubnetAttribute ec2:*SubnetCidrBlock ec2:*InternetGateway ec2:CreateNatGateway "
            "ec2:DeleteNatGateway ec2:AllocateAddress ec2:ReleaseAddress ec2:AssociateAddress ec2:DisassociateAddress "
            "ec2:*RouteTable ec2:ReplaceRouteTableAssociation ec2:CreateRoute ec2:ReplaceRoute ec2:DeleteRoute "
            "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:*SecurityGroupIngress ec2:*SecurityGroupEgress "
            "ec2:ModifySecurityGroupRules ec2:UpdateSecurityGroupRuleDescriptions* ec2:CreateVpcEndpoint "
            "ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints ec2:CreateFlowLogs ec2:DeleteFlowLogs ec2:CreateTags ec2:DeleteTags "
            "acm:RequestCertificate acm:DeleteCertificate acm:UpdateCertificateOptions acm:AddTagsToCertificate "
            "acm:RemoveTagsFromCertificate cloudfront:CreateDistribution cloudfront:CreateDistributionWithTags "
            "cloudfront:UpdateDistribution cloudfront:DeleteDistribution cloudfront:CreateInvalidation "
            "cloudfront:CreateFunction cloudfront:UpdateFunction cloudfront:PublishFunction cloudfront:DeleteFunction "
            "cloudfront:CreateVpcOrigin cloudfront:UpdateVpcOrigin cloudfront:DeleteVpcOrigin "
            "cloudfront:TagResource cloudfront:UntagResource",
            "*",
        ),
        allow(
            "elasticloadbalancing:Create* elasticloadbalancing:Delete* elasticloadbalancing:Modify* "
            "elasticloadbalancing:Set* elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags "
            "elasticloadbalancing:AddListenerCertificates elasticloadbalancing:RemoveListenerCertificates "
            "elasticloadbalancing:DeregisterTargets",
            scope.arns("elasticloadbalancing", *balancers),
        ),
        # An existing web ACL may have any name; with these actions it is attached to the app's load balancer, whose side is
        # elasticloadbalancing:SetWebAcl above, or to its distribution, which reads it.
        allow("wafv2:AssociateWebACL wafv2:DisassociateWebACL wafv2:GetWebACL", "*"),
        # A web ACL of the stack's own, with AWS's managed rules.
        allow(
            "wafv2:CreateWebACL wafv2:UpdateWebACL wafv2:DeleteWebACL wafv2:CreateIPSet wafv2:UpdateIPSet wafv2:DeleteIPSet "
            "wafv2:PutLoggingConfiguration wafv2:DeleteLoggingConfiguration wafv2:TagResource wafv2:UntagResource",
            scope.arns("wafv2", "*/webacl/{n}-*", "*/ipset/{n}-*", "*/managedruleset/*"),
        ),
        allow(
            "route53:ChangeResourceRecordSets", [f"arn:{scope.partition}:route53:::hostedzone/{zone}" for zone in zones]
        ),
    ]


def runtime(scope: Scope) -> list[Statement]:
    """Images, services, releases and scaling."""
    return [
        # These cannot be limited by name: before the call no task definition exists.
        allow("ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition", "*"),
        allow(
            "ecs:CreateCluster ecs:UpdateCluster ecs:UpdateClusterSettings ecs:PutClusterCapacityProviders ecs:DeleteCluster "
            "ecs:CreateService ecs:UpdateService ecs:DeleteService ecs:RunTask ecs:StopTask ecs:TagResource ecs:UntagResource",
            scope.arns(
                "ecs",
                "cluster/{n}-*",
                "service/*/{n}-*",
                "task-definition/{n}:*",
                "task-definition/{n}-*:*",
                "task/{n}-*/*",
            ),
        ),
        allow(
            "scheduler:CreateScheduleGroup scheduler:DeleteScheduleGroup scheduler:CreateSchedule scheduler:UpdateSchedule "
            "scheduler:DeleteSchedule scheduler:TagResource scheduler:UntagResource",
            scope.arns("scheduler", "schedule-group/{n}-*", "schedule/{n}-*/*"),
        ),
        allow(
            "application-autoscaling:RegisterScalableTarget application-autoscaling:DeregisterScalableTarget "
            "application-autoscaling:PutScalingPolicy application-autoscaling:DeleteScalingPolicy "
            "application-autoscaling:PutScheduledAction application-autoscaling:DeleteScheduledAction "
            "application-autoscaling:TagResource application-autoscaling:UntagResource",
            "*",
        ),
        allow(
            "ecr:CreateRepository ecr:DeleteRepository ecr:PutLifecyclePolicy ecr:DeleteLifecyclePolicy "
            "ecr:PutImageScanningConfiguration ecr:PutImageTagMutability ecr:SetRepositoryPolicy ecr:DeleteRepositoryPolicy "
            "ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage ecr:BatchDeleteImage "
            "ecr:TagResource ecr:UntagResource",
            scope.arns("ecr", "repository/{n}", "repository/{n}-*"),
        ),
        allow(
            "ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath ssm:GetParameterHistory ssm:PutParameter ssm:DeleteParameter "
            "ssm:AddTagsToResource ssm:RemoveTagsFromResource ssm:ListTagsForResource",
            scope.arns("ssm", f"parameter/{PARAMETER_PATH}/*"),
        ),
    ]


def observation(scope: Scope) -> list[Statement]:
    """Logs, alarms, their topic and budgets."""
    return [
        allow(
            "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource "
            "logs:UntagResource logs:AssociateKmsKey logs:DisassociateKmsKey logs:GetLogEvents logs:FilterLogEvents",
            scope.arns(
                "logs",
                "log-group:{n}-*",
                "log-group:/aws/rds/instance/{n}-*",
                "log-group:/aws/rds/cluster/{n}-*",
                "log-group:/aws/docdb/{n}-*",
                "log-group:aws-waf-logs-{n}-*",
            ),
        ),
        # The logs of a web ACL, for which AWS WAF changes a resource policy that the region has once.
        allow("logs:CreateLogDelivery logs:DeleteLogDelivery logs:PutResourcePolicy", "*"),
        # CloudFront's access logs; a delivery has only an id.
        allow(
            "logs:PutDeliverySource logs:DeleteDeliverySource logs:PutDeliveryDestination logs:DeleteDeliveryDestination "
            "logs:CreateDelivery logs:DeleteDelivery logs:UpdateDeliveryConfiguration logs:TagResource logs:UntagResource",
            scope.arns("logs", "delivery-source:{n}-*", "delivery-destination:{n}-*", "delivery:*"),
        ),
        allow("cloudfront:AllowVendedLogDeliveryForResource", scope.arns("cloudfront", "distribution/*", region="")),
        allow(
            "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource cloudwatch:UntagResource",
            # Target tracking creates its alarms with the permissions of whoever sets the policy.
            scope.arns("cloudwatch", "alarm:{n}-*", "alarm:TargetTracking-*"),
        ),
        allow(
            "events:PutRule events:DeleteRule events:PutTargets events:RemoveTargets events:TagResource events:UntagResource",
            scope.arns("events", "rule/{n}-*"),
        ),
        allow(
            "sns:CreateTopic sns:DeleteTopic sns:SetTopicAttributes sns:Subscribe sns:Unsubscribe "
            "sns:SetSubscriptionAttributes sns:TagResource sns:UntagResource",
            scope.arns("sns", "{n}-*"),
        ),
        allow(
            "budgets:ModifyBudget budgets:TagResource budgets:UntagResource",
            scope.arns("budgets", "budget/{n}-*", region=""),
        ),
    ]


def data(scope: Scope) -> list[Statement]:
    """Database, cache, buckets, secrets and keys, and the program's state."""
    stores = ("secretsmanager", "rds", "elasticache", "s3", "sns", "sqs", "ecr")
    via = {"StringLike": {"kms:ViaService": [f"{service}.*.amazonaws.com" for service in stores]}}
    return [
        allow(
            "rds:CreateDB* rds:ModifyDB* rds:DeleteDB* rds:RestoreDB* rds:RebootDBInstance rds:ResetDB*ParameterGroup "
            "rds:AddTagsToResource rds:RemoveTagsFromResource",
            # The default option and parameter groups belong to whoever uses them.
            scope.arns("rds", "*:{n}-*", "og:default:*", "pg:default.*"),
        ),
        allow(
            "s3:CreateBucket s3:DeleteBucket s3:ListBucketVersions s3:ListBucketMultipartUploads s3:PutBucket* "
            "s3:DeleteBucketPolicy s3:PutLifecycleConfiguration s3:PutEncryptionConfiguration s3:TagResource s3:UntagResource",
            scope.buckets(),
        ),
        # A bucket is emptied before it is deleted; a deployment needs no access to the contents of files.
        allow("s3:DeleteObject s3:DeleteObjectVersion s3:AbortMultipartUpload", scope.buckets("/*")),
        allow(
            "sqs:CreateQueue sqs:DeleteQueue sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue",
            scope.arns("sqs", "{n}-*"),
        ),
        # IAM checks each resource of a request: CreateReplicationGroup also needs the groups and a snapshot to restore.
        allow(
            "elasticache:Create* elasticache:Modify* elasticache:Delete* elasticache:ResetCacheParameterGroup "
            "elasticache:IncreaseReplicaCount elasticache:DecreaseReplicaCount elasticache:AddTagsToResource "
            "elasticache:RemoveTagsFromResource",
            scope.arns("elasticache", "*:{n}-*"),
        ),
        allow(
            "secretsmanager:CreateSecret secretsmanager:UpdateSecret secretsmanager:DeleteSecret secretsmanager:RestoreSecret "
            "secretsmanager:PutSecretValue secretsmanager:GetSecretValue secretsmanager:UpdateSecretVersionStage "
            "secretsmanager:PutResourcePolicy secretsmanager:DeleteResourcePolicy secretsmanager:TagResource "
            "secretsmanager:UntagResource",
            scope.arns("secretsmanager", "secret:{n}-*"),
        ),
        allow(
            "kms:CreateKey kms:EnableKeyRotation kms:PutKeyPolicy kms:UpdateKeyDescription kms:ScheduleKeyDeletion "
            "kms:CreateAlias kms:DeleteAlias kms:TagResource kms:UntagResource",
            "*",
        ),
        {**allow("kms:Decrypt kms:GenerateDataKey", "*"), "Condition": via},
        # RDS and ECR hold grants for what they encrypt with a key of the account's; ECR's are retired with the repository.
        {**allow("kms:CreateGrant", "*"), "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
        {**allow("kms:RetireGrant", "*"), "Condition": {"StringLike": {"kms:ViaService": "ecr.*.amazonaws.com"}}},
        *state(scope, "s3:GetObject s3:PutObject s3:DeleteObject", "kms:Encrypt kms:Decrypt kms:GenerateDataKey"),
        *_keep_state(scope),
    ]


def identity(scope: Scope, boundary_arn: str, own_name: str, provider_arn: str) -> list[Statement]:
    """Roles for the app, each within the boundary; never the workflows' roles, policies or trust."""
    roles = scope.arns("iam", "role/{n}-*", region="")
    services = [
        "ecs-tasks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "scheduler.amazonaws.com",
    ]
    linked = [
        "ecs",
        "elasticloadbalancing",
        "rds",
        "elasticache",
        "ecs.application-autoscaling",
        "vpcorigin.cloudfront",
        "wafv2",
    ]
    writes = "Add Attach Create Delete Detach Put Remove Set Tag Untag Update"
    return [
        # A role that can create roles without a boundary is an administrator.
        {
            **allow(
                "iam:CreateRole iam:PutRolePermissionsBoundary iam:PutRolePolicy iam:DeleteRolePolicy "
                "iam:AttachRolePolicy iam:DetachRolePolicy",
                roles,
            ),
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}},
        },
        # IAM has no condition on the boundary for these, so only the name limits them.
        allow(
            "iam:DeleteRole iam:UpdateRole iam:UpdateRoleDescription iam:UpdateAssumeRolePolicy iam:TagRole iam:UntagRole",
            roles,
        ),
        {**allow("iam:PassRole", roles), "Condition": {"StringEquals": {"iam:PassedToService": services}}},
        {
            **allow(
                "iam:CreateServiceLinkedRole", f"arn:{scope.partition}:iam::{scope.account_id}:role/aws-service-role/*"
            ),
            "Condition": {"StringEquals": {"iam:AWSServiceName": [f"{service}.amazonaws.com" for service in linked]}},
        },
        {"Effect": "Deny", "Action": ["iam:DeleteRolePermissionsBoundary"], "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": [f"iam:{verb}*" for verb in writes.split()],
            "Resource": [
                boundary_arn,
                provider_arn,
                *scope.arns("iam", f"role/{own_name}-*", f"policy/{own_name}-*", region=""),
            ],
        },
    ]


def _keep_state(scope: Scope) -> list[Statement]:
    """A failed deployment cannot delete old versions of the state, the bucket's protection or the key."""
    statements: list[Statement] = []
    if scope.state_bucket_arn:
        actions = "s3:DeleteObjectVersion s3:DeleteBucket* s3:PutBucket* s3:PutLifecycleConfiguration s3:PutEncryptionConfiguration"
        resources = [scope.state_bucket_arn, f"{scope.state_bucket_arn}/*"]
        statements.append({"Effect": "Deny", "Action": actions.split(), "Resource": resources})
    if scope.state_key_arn:
        actions = "kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:CreateGrant kms:TagResource kms:UntagResource"
        statements.append({"Effect": "Deny", "Action": actions.split(), "Resource": scope.state_key_arn})
    return statements
