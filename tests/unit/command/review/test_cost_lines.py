"""What single resources cost: each option that decides a price, with the quantity and the price list's item."""

import json
from decimal import Decimal

import pytest
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN, Secret
from flask_on_aws_cli.review.cost.estimate import estimate
from flask_on_aws_cli.review.cost.stack import Stack

from tests.unit.command.review.graphs import resource
from tests.unit.command.review.priced import SERVICE, lines_of

RDS, CLUSTER, MEMBER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"
BALANCER, NAT, ENDPOINT = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
)
GROUP, CACHE = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/cluster:Cluster"
ALARM, ACL = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:wafv2/webAcl:WebAcl"
POSTGRES = {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20, "storageType": "gp3"}
METRIC = {"metricName": "Errors", "namespace": "App", "period": 60, "stat": "Sum"}
MANAGED = {"Name": "it", "Statement": {"ManagedRuleGroupStatement": {"Name": "AWSManagedRulesBotControlRuleSet"}}}


@pytest.mark.parametrize(
    ("type_token", "inputs", "usage", "expected"),
    [
        (BALANCER, {"internal": True, "subnets": ["a", "b"]}, {}, {"alb_hour": 730}),
        (BALANCER, {"subnets": ["a", "b", "c"]}, {}, {"alb_hour": 730, "public_ipv4": 2190}),
        (BALANCER, {"subnets": ["a", "b"], "ipAddressType": "dualstack-without-public-ipv4"}, {}, {"alb_hour": 730}),
        (BALANCER, {"internal": True}, {"lcu": "0.5", "hours": 744}, {"alb_hour": 744, "alb_lcu": 372}),
        (BALANCER, {"subnets": ["a"]}, {"egressGb": 40}, {"alb_hour": 730, "public_ipv4": 730, "internet_egress": 40}),
        ("aws:alb/loadBalancer:LoadBalancer", {"internal": True}, {}, {"alb_hour": 730}),
        (NAT, {}, {}, {"nat_hour": 730}),
        (NAT, {}, {"natGb": 100}, {"nat_hour": 730, "nat_gb": 100}),
        ("aws:ec2/eip:Eip", {"domain": "vpc"}, {}, {"public_ipv4": 730}),
        (ENDPOINT, {"serviceName": "s3"}, {}, {}),
        (ENDPOINT, {"vpcEndpointType": "Gateway"}, {"endpointGb": 5}, {}),
        (ENDPOINT, {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}, {}, {"vpc_interface_endpoint": 1460}),
        (RDS, POSTGRES, {}, {"rds_postgres_db.t4g.micro_single": 730, "rds_gp3_single": 20}),
        (RDS, {**POSTGRES, "multiAz": True}, {}, {"rds_postgres_db.t4g.micro_multi": 730, "rds_gp3_multi": 20}),
        (
            RDS,
            {**POSTGRES, "maxAllocatedStorage": 100, "backupRetentionPeriod": 7},
            {"databaseStorageGb": "max", "databaseBackupGb": 5},
            {"rds_postgres_db.t4g.micro_single": 730, "rds_gp3_single": 100, "rds_backup_over_free": 5},
        ),
        (
            RDS,
            {**POSTGRES, "allocatedStorage": 400, "iops": 14000},
            {},
            {"rds_postgres_db.t4g.micro_single": 730, "rds_gp3_single": 400, "rds_gp3_iops_over_baseline": 2000},
        ),
        (
            RDS,
            {**POSTGRES, "iops": 4000, "multiAz": True},
            {},
            {"rds_postgres_db.t4g.micro_multi": 730, "rds_gp3_multi": 20, "rds_gp3_iops_over_baseline": 2000},
        ),
        (
            RDS,
            {**POSTGRES, "engine": "sqlserver-se", "instanceClass": "db.m5.xlarge", "multiAz": True},
            {},
            {"rds_sqlserver-se_db.m5.xlarge_multi": 730, "rds_gp3_multi": 20},
        ),
        (
            RDS,
            {**POSTGRES, "monitoringInterval": 60},
            {"monitoringLogGb": 2},
            {"rds_postgres_db.t4g.micro_single": 730, "rds_gp3_single": 20, "logs_ingest_standard": 2},
        ),
        (CLUSTER, {"engine": "aurora-postgresql"}, {}, {}),
        (
            CLUSTER,
            {"engine": "aurora-mysql"},
            {"clusterStorageGb": 30, "databaseMillionIo": 12},
            {"aurora_storage": 30, "aurora_io": 12},
        ),
        (
            GROUP,
            {"engine": "valkey", "nodeType": "cache.t4g.micro", "numCacheClusters": 2},
            {},
            {"elasticache_valkey_cache.t4g.micro": 1460},
        ),
        (
            GROUP,
            {"nodeType": "cache.t4g.micro", "numNodeGroups": 2, "replicasPerNodeGroup": 1},
            {},
            {"elasticache_redis_cache.t4g.micro": 2920},
        ),
        (CACHE, {"engine": "redis", "nodeType": "cache.t4g.micro"}, {}, {"elasticache_redis_cache.t4g.micro": 730}),
        (
            "aws:elasticache/serverlessCache:ServerlessCache",
            {"engine": "valkey"},
            {"cacheGb": 1, "cacheMillionEcpu": 10},
            {"elasticache_serverless_valkey_data": 730, "elasticache_serverless_valkey_ecpu": 10},
        ),
        (
            "aws:elasticache/serverlessCache:ServerlessCache",
            {"engine": "valkey"},
            {},
            {"elasticache_serverless_valkey_data": 73},
        ),
        (
            "aws:s3/bucket:Bucket",
            {},
            {"bucketGb": 10, "bucketWrites": 5000, "bucketReads": 100000},
            {"s3_standard": 10, "s3_put": 5, "s3_get": 100},
        ),
        ("aws:s3/bucketV2:BucketV2", {}, {}, {}),
        ("aws:ecr/repository:Repository", {}, {"imageGb": 3}, {"ecr_storage": 3}),
        (
            "aws:cloudfront/distribution:Distribution",
            {},
            {"cdnGb": 50, "cdnRequests": 2_000_000},
            {"cloudfront_gb_us": 50, "cloudfront_https_us": 200},
        ),
        ("aws:cloudfront/function:Function", {}, {"functionCalls": 3_000_000}, {"cloudfront_function": 3}),
        (
            ACL,
            {"rules": [{}, {}]},
            {"wafRequests": 500_000},
            {"waf_web_acl": 1, "waf_rule": 2, "waf_requests": Decimal("0.5")},
        ),
        (
            ACL,
            {"ruleJson": json.dumps([{"Name": "a"}, {"Name": "b"}, {"Name": "c"}])},
            {},
            {"waf_web_acl": 1, "waf_rule": 3},
        ),
        ("aws:route53/zone:Zone", {}, {"dnsQueries": 2_000_000}, {"route53_zone": 1, "route53_queries": 2}),
        (ALARM, {"metricName": "CPUUtilization", "period": 60}, {}, {"cloudwatch_alarm_standard": 1}),
        (ALARM, {"metricName": "CPUUtilization", "period": 10}, {}, {"cloudwatch_alarm_high_resolution": 1}),
        (
            ALARM,
            {
                "metricQueries": [
                    {"id": "a", "metric": METRIC},
                    {"id": "b", "metric": METRIC},
                    {"id": "c", "expression": "a+b"},
                ]
            },
            {},
            {"cloudwatch_alarm_standard": 2},
        ),
        (
            ALARM,
            {"thresholdMetricId": "e", "metricQueries": [{"id": "a", "metric": METRIC}]},
            {},
            {"cloudwatch_alarm_anomaly": 1},
        ),
        ("aws:cloudwatch/dashboard:Dashboard", {}, {}, {"cloudwatch_dashboard": 1}),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", {}, {}, {"cloudwatch_custom_metric": 1}),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {},
            {"logGb": 4, "logStoredGb": 9},
            {"logs_ingest_standard": 4, "logs_storage": 9},
        ),
        ("aws:secretsmanager/secret:Secret", {}, {"secretRequests": 20_000}, {"secret": 1, "secret_api": 2}),
        ("aws:secretsmanager/secret:Secret", {"replicas": [{"region": "us-west-2"}]}, {}, {"secret": 2}),
        ("aws:kms/key:Key", {}, {"kmsRequests": 10_000}, {"kms_key": 1, "kms_requests": 1}),
        ("aws:sqs/queue:Queue", {}, {"queueRequests": 3_000_000}, {"sqs_standard": 3}),
        ("aws:sns/topic:Topic", {}, {"emails": 50_000}, {"sns_email": Decimal("0.5")}),
        ("aws:scheduler/schedule:Schedule", {}, {"invocations": 1_000_000}, {"scheduler_invocations": 1}),
        (
            "aws:lambda/function:Function",
            {},
            {"lambdaRequests": 10**6, "lambdaGbSeconds": 9},
            {"lambda_requests": 1, "lambda_gb_second_x86": 9},
        ),
        (
            "aws:lambda/function:Function",
            {"architectures": ["arm64"]},
            {"lambdaGbSeconds": 9},
            {"lambda_gb_second_arm": 9},
        ),
        ("aws:ecs/cluster:Cluster", {"settings": [{"name": "containerInsights", "value": "disabled"}]}, {}, {}),
        ("aws:ssm/parameter:Parameter", {"type": "String"}, {}, {}),
        ("aws:acm/certificate:Certificate", {"domainName": "example.com"}, {}, {}),
        (
            "aws:docdb/clusterInstance:ClusterInstance",
            {"instanceClass": "db.t3.medium"},
            {},
            {"docdb_db.t3.medium": 730},
        ),
        ("aws:docdb/cluster:Cluster", {}, {"clusterStorageGb": 8}, {"docdb_storage": 8}),
    ],
)
def test_what_a_resource_is_billed_for(type_token, inputs, usage, expected):
    assert lines_of(resource(type_token, inputs=inputs), **usage) == (expected, [])


@pytest.mark.parametrize(
    ("type_token", "inputs", "part"),
    [
        (BALANCER, {"loadBalancerType": "network"}, "There is no price of a network load balancer."),
        (BALANCER, {"subnets": UNKNOWN}, "The number of its subnets is not known."),
        (NAT, {"availabilityMode": "regional"}, "There is no price of a regional NAT gateway."),
        (ENDPOINT, {"vpcEndpointType": "Interface"}, "The number of its subnets is not known."),
        (ENDPOINT, {"vpcEndpointType": "GatewayLoadBalancer"}, "There is no price of a GatewayLoadBalancer endpoint."),
        (RDS, {**POSTGRES, "storageType": "io2"}, "There is no price of io2 storage."),
        (RDS, {**POSTGRES, "storageType": None}, "There is no price of gp2 storage."),
        (RDS, {**POSTGRES, "storageThroughput": 600}, "There is no price of the throughput of its storage."),
        (RDS, {**POSTGRES, "instanceClass": "db.x2g.16xlarge"}, "rds_postgres_db.x2g.16xlarge_single in us-east-1"),
        (RDS, {**POSTGRES, "engine": "mariadb"}, "There is no price of rds_mariadb_db.t4g.micro_single in us-east-1."),
        (RDS, {**POSTGRES, "performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 731}, "Insights"),
        (CLUSTER, {"engine": "mysql"}, "There is no price of a Multi-AZ cluster of mysql."),
        (MEMBER, {"instanceClass": "db.r7g.large"}, "There is no price of db.r7g.large with Aurora."),
        (MEMBER, {"instanceClass": "db.serverless", "clusterIdentifier": "other"}, "Its cluster is not in the stack."),
        (GROUP, {"engine": "valkey", "nodeType": "cache.m7g.large"}, "elasticache_valkey_cache.m7g.large in us-east-1"),
        (GROUP, {"engine": "valkey"}, "Its node type is not set."),
        ("aws:ecs/cluster:Cluster", {"settings": [{"name": "containerInsights", "value": "enabled"}]}, "(enabled)"),
        (ACL, {"ruleJson": json.dumps([MANAGED])}, "There is no price of AWSManagedRulesBotControlRuleSet"),
        (ACL, {"ruleJson": UNKNOWN}, "The number of its rules is not known."),
        (ALARM, {"metricQueries": [{"id": "a", "expression": "SELECT AVG(CPU) FROM ECS"}]}, "metrics that its query"),
        ("aws:ssm/parameter:Parameter", {"tier": "Advanced"}, "There is no price of the tier Advanced."),
        ("aws:acm/certificate:Certificate", {"certificateAuthorityArn": "arn"}, "no price of private certificates"),
        (
            "aws:cloudfront/distribution:Distribution",
            {"viewerCertificate": {"sslSupportMethod": "vip"}},
            "dedicated IP",
        ),
        ("aws:docdb/clusterInstance:ClusterInstance", {"instanceClass": "db.r6g.large"}, "docdb_db.r6g.large"),
        (SERVICE, {"launchType": "EC2"}, "Its tasks do not run on Fargate"),
        (
            SERVICE,
            {"launchType": "FARGATE", "taskDefinition": "arn:other:1"},
            "Its task definition is not in the stack.",
        ),
    ],
)
def test_an_option_without_a_price_is_named(type_token, inputs, part):
    _, missing = lines_of(resource(type_token, inputs=inputs))
    assert any(part in sentence for sentence in missing), missing


def test_usage_without_a_price_counts_as_missing_only_if_there_is_usage():
    group = resource("aws:cloudwatch/logGroup:LogGroup")
    assert lines_of(group, region="eu-central-1") == ({}, [])
    _, missing = lines_of(group, region="eu-central-1", logStoredGb=1)
    assert missing == ["There is no price of logs_storage (GB-month) in eu-central-1."]
    _, missing = lines_of(resource("aws:sqs/queue:Queue", inputs={"fifoQueue": True}), queueRequests=10)
    assert missing == ["There is no price of a FIFO queue."]


@pytest.mark.parametrize(
    ("capacity", "usage", "hours"),
    [(("0", 4), {}, 0), (("0.5", 4), {}, 365), ((1, 4), {"acu": "2.5"}, 1825), ((1, 4), {"acu": "max"}, 2920)],
)
def test_aurora_is_billed_by_its_capacity(capacity, usage, hours):
    least, most = capacity
    scaling = {"serverlessv2ScalingConfiguration": {"minCapacity": float(least), "maxCapacity": most}}
    cluster = resource(CLUSTER, "db", {"engine": "aurora-postgresql", **scaling})
    member = resource(MEMBER, "db-1", {"instanceClass": "db.serverless", "clusterIdentifier": "${Cluster db.id}"})
    expected = {"aurora_sv2_acu": hours} if hours else {}
    assert lines_of(cluster, member, **usage) == (expected, [])


@pytest.mark.parametrize(
    ("version", "more", "hours"),
    [
        ("13", {}, 1460),  # two processors
        ("13.4", {"multiAz": True}, 2920),
        ("12.22", {"instanceClass": "db.m6g.2xlarge"}, 5840),
        ("13", {"engineLifecycleSupport": "open-source-rds-extended-support-disabled"}, 0),
        ("14", {}, 0),
        ("17.2", {}, 0),
        (None, {}, 0),
        ("8.0.40", {"engine": "mysql"}, 1460),
        ("8.4.3", {"engine": "mysql"}, 0),
        ("10.6", {"engine": "mariadb"}, 0),
    ],
)
def test_old_versions_of_a_database_have_extended_support(version, more, hours):
    priced, _ = lines_of(resource(RDS, inputs={**POSTGRES, "engineVersion": version, **more}))
    assert priced.get("rds_extended_support_year1_2", 0) == hours
    for engine, oldest in (("postgres", "11.22"), ("mysql", "5.7.44")):
        _, missing = lines_of(resource(RDS, inputs={**POSTGRES, "engine": engine, "engineVersion": oldest}))
        assert f"There is no price of the third year of Extended Support for {engine} {oldest}." in missing


def test_a_resource_has_the_price_of_its_own_region():
    secret = resource("aws:kms/key:Key", "key", {"region": "us-east-1"})
    provider = resource("pulumi:providers:aws", "virginia", {"region": "us-east-1"})
    nat = resource(NAT, "nat")
    own = resource(NAT, "own", {"region": Secret("eu-west-1")})
    stack = Stack({each.urn: each for each in (secret, provider, nat, own)}, "eu-central-1")
    prices = {urn.rpartition("::")[2]: lines[0].price for urn, lines in estimate(stack).items()}
    assert {name: (price.region, str(price.usd)) for name, price in prices.items()} == {
        "key": ("us-east-1", "1"),
        "nat": ("eu-central-1", "0.052"),
        "own": ("eu-west-1", "0.048"),
    }


def test_allowances_count_only_if_the_account_has_them():
    alarms = [resource(ALARM, f"alarm-{number}", {"period": 60}) for number in range(12)]
    assert lines_of(*alarms) == ({"cloudwatch_alarm_standard": 12}, [])
    assert lines_of(*alarms, freeTier="true") == ({"cloudwatch_alarm_standard": 2}, [])
    distribution = resource("aws:cloudfront/distribution:Distribution")
    assert lines_of(distribution, cdnGb=1030, freeTier="true") == ({"cloudfront_gb_us": 6}, [])
