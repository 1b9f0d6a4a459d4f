import json

import pulumi
import pytest
from flask_on_aws.alarms import alarm_rules as rules
from flask_on_aws.alarms.alarms import Alarms, cost_filters, problems

BALANCER = {
    "watch_load_balancer": True,
    "load_balancer_arn_suffix": "app/web/1",
    "target_group_arn_suffix": "targetgroup/web/2",
}
SERVICE = {"watch_service": True, "cluster_name": "c", "service_name": "s"}
DATABASE = {
    "watch_database": True,
    "database_identifier": "db-1",
    "database_storage_gib": 20,
    "database_instance_class": "db.t4g.micro",
}
CACHE = {"watch_cache": True, "cache_replication_group_id": "app-cache-1234567"}
QUEUE = {"watch_queue": True, "queue_name": "jobs", "dead_letter_queue_name": "jobs-failed"}
ALARM = ":MetricAlarm"


def test_by_default_there_is_an_encrypted_topic_and_nothing_that_costs_more(deploy):
    deployed = deploy(lambda: Alarms("alarms", {}))
    assert deployed.named("alarms")["kmsMasterKeyId"].endswith(":alarms-key")
    assert deployed.named("alarms-key")["enableKeyRotation"] is True
    for token in (ALARM, ":TopicSubscription", ":Budget"):
        assert not deployed.of_type(token)
    assert deployed.outputs["topic_arn"].endswith(":alarms")


def test_only_alarms_and_budgets_of_this_account_encrypt_and_publish(deploy):
    deployed = deploy(lambda: Alarms("alarms", {}))
    owner, service = json.loads(deployed.named("alarms-key")["policy"])["Statement"]
    assert owner["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert service["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert service["Action"] == ["kms:GenerateDataKey*", "kms:Decrypt"]
    publish, tls = json.loads(deployed.named("alarms-publish")["policy"])["Statement"]
    assert publish["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert publish["Condition"]["ArnLike"]["aws:SourceArn"] == [
        "arn:aws:cloudwatch:*:123456789012:alarm:*",
        "arn:aws:budgets::123456789012:*",
    ]
    assert publish["Resource"].endswith(":alarms")
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_address_is_subscribed(deploy):
    deployed = deploy(lambda: Alarms("alarms", {"email": "ops@example.com"}))
    subscription = deployed.named("alarms-email")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "ops@example.com")


def test_each_group_makes_its_own_alarms(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**BALANCER, **SERVICE, **DATABASE, **QUEUE}))
    assert sorted(deployed.of_type(ALARM)) == [
        "alarms-app-errors",
        "alarms-balancer-errors",
        "alarms-database-connections",
        "alarms-database-cpu",
        "alarms-database-storage",
        "alarms-failed-jobs",
        "alarms-latency",
        "alarms-service-cpu",
        "alarms-service-memory",
        "alarms-unhealthy-targets",
        "alarms-waiting-jobs",
    ]


def test_every_alarm_reports_its_start_and_its_end_and_decides_about_missing_data(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**BALANCER, **SERVICE, **DATABASE, **QUEUE}))
    for name, alarm in deployed.of_type(ALARM).items():
        assert alarm["alarmActions"] == alarm["okActions"] == [deployed.outputs["topic_arn"]], name
        assert alarm["treatMissingData"] in ("notBreaching", "breaching", "ignore"), name
        assert alarm["datapointsToAlarm"] <= alarm["evaluationPeriods"], name
        assert alarm["alarmDescription"].endswith("."), name


def test_app_errors_are_a_rate_with_a_floor(deploy):
    alarm = deploy(lambda: Alarms("alarms", {**BALANCER})).named("alarms-app-errors")
    errors, requests, rate = alarm["metricQueries"]
    assert (errors["id"], errors["metric"]["metricName"]) == ("errors", "HTTPCode_Target_5XX_Count")
    assert (requests["id"], requests["metric"]["metricName"]) == ("requests", "RequestCount")
    assert errors["metric"]["dimensions"] == {"LoadBalancer": "app/web/1", "TargetGroup": "targetgroup/web/2"}
    assert rate["expression"] == "IF(FILL(errors, 0) >= 5, 100 * FILL(errors, 0) / requests, 0)"
    assert [query.get("returnData") for query in alarm["metricQueries"]] == [None, None, True]
    assert (alarm["threshold"], alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (5, 3, 2)


def test_the_balancers_own_errors_have_no_target_group(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**BALANCER}))
    assert deployed.named("alarms-balancer-errors")["dimensions"] == {"LoadBalancer": "app/web/1"}
    assert deployed.named("alarms-balancer-errors")["metricName"] == "HTTPCode_ELB_5XX_Count"


def test_unhealthy_for_three_minutes_and_slow_for_one_in_twenty(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**BALANCER}))
    unhealthy, latency = deployed.named("alarms-unhealthy-targets"), deployed.named("alarms-latency")
    assert (unhealthy["metricName"], unhealthy["threshold"], unhealthy["comparisonOperator"]) == (
        "UnHealthyHostCount",
        1,
        "GreaterThanOrEqualToThreshold",
    )
    assert unhealthy["period"] * unhealthy["datapointsToAlarm"] == 180
    assert latency["extendedStatistic"] == "p95"
    assert "statistic" not in latency
    assert latency["evaluateLowSampleCountPercentiles"] == "ignore"


def test_service_alarms_watch_the_service(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**SERVICE}))
    for role, metric in (("service-cpu", "CPUUtilization"), ("service-memory", "MemoryUtilization")):
        alarm = deployed.named(f"alarms-{role}")
        assert (alarm["namespace"], alarm["metricName"], alarm["threshold"]) == ("AWS/ECS", metric, 90)
        assert alarm["dimensions"] == {"ClusterName": "c", "ServiceName": "s"}


def test_database_alarms_know_its_storage_and_connections(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**DATABASE}))
    storage, connections = deployed.named("alarms-database-storage"), deployed.named("alarms-database-connections")
    assert (storage["threshold"], storage["comparisonOperator"]) == (3 * 2**30, "LessThanThreshold")
    assert storage["treatMissingData"] == "breaching"
    assert connections["threshold"] == int(84 * 0.8)
    assert connections["dimensions"] == {"DBInstanceIdentifier": "db-1"}


def test_queue_alarms_watch_failed_jobs_and_jobs_that_wait(deploy):
    deployed = deploy(lambda: Alarms("alarms", QUEUE))
    failed, waiting = deployed.named("alarms-failed-jobs"), deployed.named("alarms-waiting-jobs")
    assert (failed["dimensions"], failed["threshold"]) == ({"QueueName": "jobs-failed"}, 1)
    assert (failed["metricName"], failed["evaluationPeriods"]) == ("ApproximateNumberOfMessagesVisible", 1)
    assert (waiting["dimensions"], waiting["threshold"]) == ({"QueueName": "jobs"}, 900)
    assert (waiting["metricName"], waiting["evaluationPeriods"]) == ("ApproximateAgeOfOldestMessage", 5)


@pytest.mark.parametrize(
    ("use", "metrics"),
    [
        ("cache", {"Evictions", "EngineCPUUtilization", "CurrConnections"}),
        ("queue", {"DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "CurrConnections"}),
    ],
)
def test_cache_alarms_watch_each_node_for_what_its_use_suffers_from(deploy, use, metrics):
    alarms = deploy(lambda: Alarms("alarms", {**CACHE, "cache_nodes": 2, "cache_use": use})).of_type(ALARM)
    for number in (1, 2):
        of_node = [alarm for name, alarm in alarms.items() if name.endswith(f"-{number}")]
        assert {alarm["metricName"] for alarm in of_node} == metrics
        for alarm in of_node:
            assert alarm["dimensions"] == {"CacheClusterId": f"app-cache-1234567-00{number}"}
    assert len(alarms) == 6


def test_a_connection_limit_of_the_parameter_group_wins(deploy):
    deployed = deploy(lambda: Alarms("alarms", {**DATABASE, "database_max_connections": 1000}))
    assert deployed.named("alarms-database-connections")["threshold"] == 800


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t3.small", 2),
        ("db.t4g.medium", 4),
        ("db.t4g.2xlarge", 32),
        ("db.m7g.large", 8),
        ("db.m6gd.xlarge", 16),
        ("db.r6g.large", 16),
        ("db.r5.4xlarge", 128),
        ("db.c6gd.medium", 2),
        ("db.z1d.large", None),
        ("db.m7g.micro", None),
        ("t3.micro", None),
        ("", None),
    ],
)
def test_memory_of_an_instance_class(instance_class, gib):
    assert rules.memory_gib(instance_class) == gib


def test_the_connection_limit_grows_with_memory_up_to_5000():
    # Published: about 81 with 1 GiB, 420 with 4 GiB; the alarm at 80 % must come before the limit.
    assert rules.max_connections(1) * 0.8 < 81
    assert rules.max_connections(4) == 422
    assert rules.max_connections(384) == 5000


def test_a_budget_warns_at_80_percent_spent_and_100_percent_forecast(deploy):
    budget = deploy(lambda: Alarms("alarms", {"monthly_budget_usd": 50})).named("alarms-budget")
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("50", "USD", "MONTHLY")
    kinds = [(n["notificationType"], n["threshold"], n["thresholdType"]) for n in budget["notifications"]]
    assert kinds == [("ACTUAL", 80, "PERCENTAGE"), ("FORECASTED", 100, "PERCENTAGE")]
    assert all(n["subscriberSnsTopicArns"][0].endswith(":alarms") for n in budget["notifications"])
    assert "costFilters" not in budget


def test_a_tag_limits_the_budget_to_what_carries_it():
    assert cost_filters("project=shop") == [{"name": "TagKeyValue", "values": ["user:project$shop"]}]


@pytest.mark.parametrize(
    ("args", "argument", "said"),
    [
        ({"email": "nobody"}, "email", "'nobody' is not an e-mail address"),
        ({"monthly_budget_usd": -1}, "monthly_budget_usd", "-1 must be a number of USD"),
        ({"budget_tag": "project"}, "budget_tag", "'project' must be a tag's key and value"),
        ({"watch_service": True, "cluster_name": "c"}, "service_name", "watch_service needs it"),
        ({**DATABASE, "database_storage_gib": 0}, "database_storage_gib", "0 must be a whole number"),
        (
            {**DATABASE, "database_instance_class": "db.z1d.large"},
            "database_instance_class",
            "'db.z1d.large' is unknown",
        ),
        ({**DATABASE, "database_max_connections": 5}, "database_max_connections", "5 must be a whole number"),
    ],
)
def test_wrong_arguments_are_rejected_with_the_value_and_the_fix(args, argument, said):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert said in problem.reason


def test_nothing_is_registered_when_arguments_are_wrong(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="target_group_arn_suffix"):
        Alarms("alarms", {"watch_load_balancer": True, "load_balancer_arn_suffix": "app/web/1"})
    assert mocks.resources == []
