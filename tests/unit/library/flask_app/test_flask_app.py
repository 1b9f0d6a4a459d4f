"""The whole app under mocks: rules that hold for the graph, whatever the settings are."""

import json
import os
from pathlib import Path

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.ecs.task_roles import EXEC_ACTIONS

from tests.golden_names import golden_names
from tests.mocked_outputs import COMPUTED
from tests.setting_values import PUBLIC_KEY, SERVICE_KINDS

ROOT = Path(__file__).parents[4]
APP = str(ROOT / "app_template")
GOLDEN = Path(__file__).parents[3] / "golden"
SHARED = {
    "listener_arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/1/2",
    "load_balancer_security_group_id": "sg-1b",
    "load_balancer_dns_name": "lb.example.com",
    "load_balancer_zone_id": "Z1",
    "load_balancer_arn_suffix": "app/shared/1",
    "vpc_id": "vpc-1",
    "public_subnet_ids": ["subnet-1", "subnet-2"],
    "private_subnet_ids": ["subnet-3", "subnet-4"],
    "cluster_arn": "arn:aws:ecs:us-east-1:123456789012:cluster/shared",
    "cluster_name": "shared",
    "dns": "external",
}
SERVER = {
    "database_host": "shared.rds.amazonaws.com",
    "database_server_security_group_id": "sg-5e",
    "database_server_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:server-AbCdEf",
}
DOMAIN = {"domain": "app.example.com", "zone_id": "Z123"}
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/12345678-1234-1234-1234-123456789012"
JOBS = [
    {"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "timezone": "Europe/Berlin"},
    {"name": "poll", "schedule": "rate(5 minutes)", "command": "flask poll", "overlap": True},
]
VARIANTS = {
    "development": {"release_command": "flask release"},
    "production": {"environment": "production", **DOMAIN, "alarm_email": "ops@example.com", "monthly_budget_usd": 100},
    "production-without-domain": {"environment": "production"},
    "external-dns": {"domain": "app.example.com", "dns": "external"},
    "external-dns-ready": {"domain": "app.example.com", "dns": "external", "dns_ready": True},
    "own-certificate": {**DOMAIN, "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1"},
    "nothing-kept": {"database": "none", "bucket": "none"},
    "public-origin": {"release_command": "flask release", "cloudfront_origin": "public"},
    "public-with-vpc": {"release_command": "flask release", "cloudfront_origin": "public-with-vpc"},
    "vpc-with-public": {"release_command": "flask release", "cloudfront_origin": "vpc-with-public"},
    "domain-with-vpc": {**DOMAIN, "cloudfront_origin": "vpc-with-public"},
    "cdn": {**DOMAIN, "cdn": True},
    "cdn-external-dns": {"domain": "app.example.com", "dns": "external", "cdn": True},
    "cdn-with-public": {**DOMAIN, "cdn": True, "cloudfront_origin": "vpc-with-public"},
    "public-with-cdn": {**DOMAIN, "cdn": True, "cloudfront_origin": "public-with-vpc"},
    "workers": {
        "workers": {"mail": "python -m mail"},
        **SERVICE_KINDS,
        "egress": "endpoints",
        "release_command": "flask release",
    },
    "jobs": {"environment": "production", "jobs": JOBS, "create_kms_key": True, "release_command": "flask release"},
    "customer-key": {"create_kms_key": True, "environment": "production", **SERVICE_KINDS},
    "aurora": {"environment": "production", "database": "aurora-postgres"},
    "sqlserver": {"environment": "production", "database": "sqlserver"},
    "documentdb": {"environment": "production", "database": "documentdb"},
    "web-acl": {**DOMAIN, "web_acl_arn": WEB_ACL},
    "dual-stack": {**DOMAIN, "dual_stack": True},
    "media": {**DOMAIN, "media_cdn": "public"},
    "signed-media": {
        "media_cdn": "signed",
        "media_cdn_public_keys": [PUBLIC_KEY],
        "media_cdn_private_key_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:media-AbCdEf",
    },
    "basic-auth": {"basic_auth_username": "staging"},
    "waf": {"environment": "production", "waf": "block", "allowed_cidrs": ["198.51.100.0/24", "2001:db8::/32"]},
    "shared": {**SHARED, "domain": "app.example.com"},
    "shared-server": {**SHARED, **SERVER, "domain": "app.example.com"},
}


@pytest.fixture
def app(deploy, mocks):
    """Deploy a FlaskApp of the template with these arguments."""
    mocks.computed |= COMPUTED

    def run(**args):
        return deploy(lambda: FlaskApp("app", {"app": APP, **args}))

    return run


@pytest.fixture
def variant_of(deploy_once, mocks):
    """The FlaskApp of a variant, for tests that only read it."""
    mocks.computed |= COMPUTED
    return lambda variant: deploy_once(f"app-{variant}", lambda: FlaskApp("app", {"app": APP, **VARIANTS[variant]}))


def containers(deployed, name="app-web"):
    return json.loads(deployed.of_type(":TaskDefinition")[name]["containerDefinitions"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_names_are_the_golden_ones(variant_of, variant):
    """A renamed resource is a replaced one."""
    deployed = variant_of(variant)
    found = golden_names({f"{resource.typ} {resource.name}" for resource in deployed.resources})
    golden = GOLDEN / f"resources-{variant}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text(), (
        "A new name, or one with an alias: UPDATE_GOLDEN=1 ./test tests/unit/library/flask_app/test_flask_app.py"
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_open_to_the_world_but_80_and_443(variant_of, variant):
    deployed = variant_of(variant)
    for name, rule in deployed.of_type("securityGroupIngressRule:SecurityGroupIngressRule").items():
        if rule.get("cidrIpv4") == "0.0.0.0/0" or rule.get("cidrIpv6") == "::/0":
            assert (rule["fromPort"], rule["toPort"]) in ((80, 80), (443, 443)), name
    for name, group in deployed.of_type("ec2/securityGroup:SecurityGroup").items():
        assert not group.get("ingress"), name


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_policy_allows_every_action(variant_of, variant):
    deployed = variant_of(variant)
    for name, policy in deployed.of_type("iam/rolePolicy:RolePolicy").items():
        for statement in json.loads(policy["policy"])["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [a for a in actions if a == "*" or a.endswith(":*")], name
            if statement["Resource"] == "*":
                # These take no resource; the second has a condition.
                allowed = EXEC_ACTIONS if name == "app-tunnel-task" else ["ecr:GetAuthorizationToken", "ecs:ListTasks"]
                assert set(actions) <= set(allowed), name
                assert actions != ["ecs:ListTasks"] or "ecs:cluster" in statement["Condition"]["ArnEquals"], name


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_secret_is_in_a_task_definition(variant_of, variant):
    deployed = variant_of(variant)
    for container in containers(deployed):
        names = {variable["name"] for variable in container.get("environment", [])}
        assert not names & {"DATABASE_URL", "PGPASSWORD", "MSSQL_PASSWORD", "REDIS_PASSWORD", "REDIS_URL", "SECRET_KEY"}
        assert not {name for name in names if name.startswith("MONGO") and name.endswith(("URI", "URL", "PASSWORD"))}
    secrets = {secret["name"]: secret["valueFrom"] for secret in containers(deployed)[0]["secrets"]}
    own = {
        "sqlserver": {"MSSQL_PASSWORD"},
        "documentdb": {"MONGODB_PASSWORD", "MONGODB_URI", "MONGO_URI", "MONGO_URL"},
    }
    database = set() if variant == "nothing-kept" else {"DATABASE_URL", *own.get(variant, {"PGPASSWORD"})}
    cache = {"REDIS_URL", "REDIS_PASSWORD"} if VARIANTS[variant].get("cache") == "valkey" else set()
    media = {"MEDIA_PRIVATE_KEY"} if VARIANTS[variant].get("media_cdn") == "signed" else set()
    assert set(secrets) == {"SECRET_KEY", *database, *cache, *media}
    assert all(value.endswith(f":{name}::") for name, value in secrets.items() if name not in media)


def test_without_a_domain_the_app_knows_cloudfront_s_name(app):
    deployed = app()
    environment = {v["name"]: v["value"] for v in containers(deployed)[0]["environment"]}
    assert environment["EXTERNAL_URL"] == deployed.outputs["url"]
    assert environment["TRUST_PROXY_DEPTH"] == "2"


def test_on_a_domain_one_proxy_is_trusted(app):
    deployed = app(**DOMAIN)
    environment = {v["name"]: v["value"] for v in containers(deployed)[0]["environment"]}
    assert (environment["EXTERNAL_URL"], environment["TRUST_PROXY_DEPTH"]) == ("https://app.example.com", "1")
    assert not deployed.of_type("distribution:Distribution")


def test_external_dns_outputs_the_records_to_create(app):
    records = app(domain="app.example.com", dns="external", dns_ready=True).outputs["dns_records"]
    assert {"name": "app.example.com", "type": "CNAME"} in [{k: r[k] for k in ("name", "type")} for r in records]


def test_a_ready_image_gets_the_certificates_from_an_init_container(app):
    deployed = app(image="registry.example.com/shop@sha256:" + "0" * 64)
    assert [container["name"] for container in containers(deployed)] == ["web", "rds-ca"]
    assert not deployed.of_type("ecr/repository:Repository")


def test_the_template_brings_the_certificates_itself(app):
    assert [container["name"] for container in containers(app())] == ["web"]


def test_a_planned_image_brings_the_certificates_and_its_start_command(app, tmp_path):
    (tmp_path / "requirements.txt").write_text("flask\n")
    deployed = app(
        app=str(tmp_path), start_command="gunicorn app:app", python_version="3.12", system_packages=["ffmpeg"]
    )
    (container,) = containers(deployed)
    assert container["command"] == ["/bin/sh", "-c", "exec gunicorn app:app"]
    ((_, image),) = deployed.of_type("docker-build:index:Image").items()
    for part in ("FROM python:3.12-slim", "ffmpeg", "exec gunicorn app:app", "COPY --from=rds-ca"):
        assert part in image["dockerfile"]["inline"]


def test_own_variables_and_secrets_reach_every_process(app):
    deployed = app(
        env={"COLOUR": "red"},
        secrets={"API_KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/key"},
        secret_values={"TOKEN": pulumi.Output.secret("t0ken")},
        workers={"mail": "python -m mail"},
    )
    for name in ("app-web", "app-mail"):
        (container,) = containers(deployed, name)
        assert {"name": "COLOUR", "value": "red"} in container["environment"]
        secrets = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
        assert secrets["API_KEY"].endswith("parameter/key")
        assert secrets["TOKEN"].endswith(":TOKEN::")
        assert "t0ken" not in json.dumps(container)


@pytest.mark.parametrize("variant", ["workers", "shared-server"])
def test_tasks_may_read_the_database_s_login_and_no_other_secret(variant_of, variant):
    """What tasks read there when the database rejects the password that they were started with."""
    deployed = variant_of(variant)
    login = "arn:aws:mock:us-east-1:123456789012:app-db-login"
    for container in [*containers(deployed), *(containers(deployed, "app-mail") if variant == "workers" else ())]:
        if container["name"] != "database-setup":
            assert {"name": "DATABASE_SECRET_ARN", "value": login} in container["environment"]
    content = json.loads(deployed.named("app-db-login-content")["secretString"]["value"])
    assert set(content) == {"username", "password"}
    policies = deployed.of_type("iam/rolePolicy:RolePolicy")
    statements = {
        name: [s for s in json.loads(policy["policy"])["Statement"] if "secretsmanager" in json.dumps(s["Action"])]
        for name, policy in policies.items()
        if "-task-" in name
    }
    assert {name: found for name, found in statements.items() if found} == {
        "app-web-task-database": [
            {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": login},
        ]
    }


def test_a_variable_of_ours_is_replaced_only_by_name(app):
    with pytest.raises(pulumi.InputPropertiesError, match="LOG_LEVEL"):
        app(env={"LOG_LEVEL": "warning"})
    deployed = app(env={"LOG_LEVEL": "warning"}, override_env=["LOG_LEVEL"])
    assert {"name": "LOG_LEVEL", "value": "warning"} in containers(deployed)[0]["environment"]


def test_production_keeps_what_cannot_be_made_again(app):
    deployed = app(**VARIANTS["production"])
    database = deployed.named("app-db")
    assert (database["deletionProtection"], database["multiAz"], database["skipFinalSnapshot"]) == (True, True, False)
    assert deployed.of_type("lb/loadBalancer:LoadBalancer")["app-alb"]["enableDeletionProtection"] is True
    assert deployed.of_type("s3/bucket:Bucket")["app-media"]["forceDestroy"] is False


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 0),
        ({"environment": "staging"}, 0),
        ({"environment": "production"}, 60),
        ({"environment": "production", "database_monitoring_interval": 0}, 0),
        ({"database_monitoring_interval": 15}, 15),
    ],
)
def test_production_samples_the_database_s_operating_system(app, given, seconds):
    deployed = app(**given, **DOMAIN)
    database = deployed.named("app-db")
    assert (database["monitoringInterval"], "monitoringRoleArn" in database) == (seconds, bool(seconds))
    assert ("app-db-monitoring" in deployed.of_type("iam/role:Role")) == bool(seconds)


def test_a_shared_listener_needs_its_whole_description(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="load_balancer_dns_name"):
        FlaskApp("app", {"app": APP, "listener_arn": "arn:listener", "domain": "a.example.com"})
    assert mocks.resources == []


def test_a_permissions_boundary_is_on_every_role(app):
    deployed = app(**VARIANTS["production"], permissions_boundary="arn:aws:iam::123456789012:policy/boundary")
    roles = deployed.of_type("iam/role:Role")
    assert len(roles) == 5  # execution, task, tunnels, flow logs and the database's monitoring
    assert {role.get("permissionsBoundary") for role in roles.values()} == {"arn:aws:iam::123456789012:policy/boundary"}


def test_tasks_without_ipv4_use_aws_s_names_with_ipv6(app):
    web = containers(app(egress="ipv6"))[0]
    assert web["image"].startswith("123456789012.dkr-ecr.us-east-1.on.aws/")
    assert {"name": "AWS_USE_DUALSTACK_ENDPOINT", "value": "true"} in web["environment"]
    assert "AWS_USE_DUALSTACK_ENDPOINT" not in {pair["name"] for pair in containers(app())[0]["environment"]}


def procfile_app(folder, text="web: gunicorn app\nrelease: flask db upgrade\nmail: python -m mail\n"):
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "Procfile").write_text(text)
    return {"app": str(folder)}


@pytest.mark.parametrize(
    ("given", "released", "workers"),
    [
        ({}, "flask db upgrade", {"app-mail"}),
        ({"release_command": None, "workers": None}, "flask db upgrade", {"app-mail"}),  # as a hosted component gets it
        ({"release_command": "none"}, None, {"app-mail"}),
        ({"release_command": ""}, None, {"app-mail"}),
        ({"release_command": "flask up"}, "flask up", {"app-mail"}),
        ({"workers": {}}, "flask db upgrade", set()),
        ({"workers": {"other": "run"}, "release_command": "none"}, None, {"app-other"}),
        ({"image": "registry.example.com/shop:1"}, None, set()),
        ({"image": "registry.example.com/shop:1", "release_command": "flask up"}, "flask up", set()),
    ],
)
def test_the_library_takes_release_and_workers_from_the_procfile(app, tmp_path, given, released, workers):
    deployed = app(**procfile_app(tmp_path), **given)
    found = deployed.of_type("ssm/parameter:Parameter").get("app-web-release-command")
    assert (json.loads(found["value"]["value"])["command"] if found else None) == released
    assert set(deployed.of_type("ecs/service:Service")) - {"app-web"} == workers


def test_a_procfile_that_does_not_parse_is_reported_once_with_all_else(mocks, tmp_path):
    args = {**procfile_app(tmp_path, "web: gunicorn app\nno colon here\n"), "egress": "wlan"}
    with pytest.raises(pulumi.InputPropertiesError) as error:
        FlaskApp("app", args)
    assert str(error.value).count("line 2: 'no colon here'") == 1
    assert "'wlan' is not one of" in str(error.value)
    (tmp_path / "Dockerfile").unlink()
    with pytest.raises(pulumi.InputPropertiesError) as error:
        FlaskApp("app", args)
    assert str(error.value).count("line 2: 'no colon here'") == 1


@pytest.mark.parametrize(
    ("args", "origins"),
    [
        ({}, ["https://d1.cloudfront.net"]),
        (DOMAIN, ["https://app.example.com"]),
        (
            {**DOMAIN, "domain_aliases": ["www.example.com", "shop.example.com"]},
            ["https://app.example.com", "https://www.example.com", "https://shop.example.com"],
        ),
        (  # the domain is pending, CloudFront's name serves
            {"domain": "app.example.com", "dns": "external", "domain_aliases": ["www.example.com"]},
            ["https://d1.cloudfront.net", "https://app.example.com", "https://www.example.com"],
        ),
        (
            {**SHARED, "domain": "app.example.com", "domain_aliases": ["www.example.com"]},
            ["https://app.example.com", "https://www.example.com"],
        ),
    ],
)
def test_the_bucket_takes_uploads_from_all_of_the_app_s_origins(app, args, origins):
    (rule,) = app(**args).named("app-media-cors")["corsRules"]
    assert rule["allowedOrigins"] == origins


@pytest.mark.parametrize(("given", "days"), [({}, 365), ({"log_retention_days": 90}, 90)])
def test_all_logs_are_kept_as_long_as_the_setting_says(app, given, days):
    deployed = app(**VARIANTS["production"], **given)
    groups = deployed.of_type(":LogGroup")
    assert {name: group["retentionInDays"] for name, group in groups.items() if "insights" not in name} == {
        "app-web-logs": days,
        "app-network-flow-log-group": days,
        "app-db-logs-postgresql": days,
        "app-db-logs-upgrade": days,
    }
    expirations = [
        rule["expiration"]["days"]
        for lifecycle in deployed.of_type(":BucketLifecycleConfiguration").values()
        for rule in lifecycle["rules"]
        if rule["id"] == "expire-logs"
    ]
    assert expirations == [days, days]  # the load balancer's, and the media bucket's


def test_cloudfront_and_the_media_bucket_log_to_a_bucket_that_admits_both(app):
    deployed = app(**VARIANTS["production-without-domain"])
    assert deployed.named("app-media-logging") == {
        "bucket": "app-media",
        "targetBucket": "app-access-logs",
        "targetPrefix": "buckets/app-media/",
    }
    source, destination, delivery = (
        deployed.of_type(f"cloudwatch/logDelivery{kind}")["app-cdn-access-logs"]
        for kind in ("Source:LogDeliverySource", "Destination:LogDeliveryDestination", ":LogDelivery")
    )
    assert (source["logType"], source["resourceArn"]) == (
        "ACCESS_LOGS",
        "arn:aws:mock:us-east-1:123456789012:app-cdn",
    )
    assert destination["deliveryDestinationConfiguration"] == {
        "destinationResourceArn": "arn:aws:mock:us-east-1:123456789012:app-access-logs"
    }
    assert {resource["region"] for resource in (source, destination, delivery)} == {"us-east-1"}
    assert "cs(Cookie)" not in delivery["recordFields"]  # with a session's cookie a reader of the logs is that user
    assert {"c-ip", "cs-uri-stem", "sc-status", "x-edge-request-id"} <= set(delivery["recordFields"])


@pytest.mark.parametrize(
    ("given", "services"),
    [
        ({}, None),
        ({**DOMAIN, "access_logs": True}, ["logging.s3.amazonaws.com"]),
        ({"access_logs": True, "bucket": "none"}, ["delivery.logs.amazonaws.com"]),
        ({**DOMAIN, "access_logs": True, "bucket": "none"}, None),
        ({**SHARED, "domain": "app.example.com", "access_logs": True}, ["logging.s3.amazonaws.com"]),
    ],
)
def test_the_log_bucket_admits_what_the_app_has(app, given, services):
    policy = app(**given).of_type("s3/bucketPolicy:BucketPolicy").get("app-access-logs-delivery")
    allowed = [s for s in json.loads(policy["policy"])["Statement"] if s["Effect"] == "Allow"] if policy else None
    assert (allowed and [statement["Principal"]["Service"] for statement in allowed]) == services


@pytest.mark.parametrize("days", [1, 3653])
def test_every_retention_that_cloudwatch_accepts_is_one_for_all_logs(app, days):
    app(**VARIANTS["production"], log_retention_days=days)


def test_a_wrong_retention_is_reported_once(mocks):
    with pytest.raises(pulumi.InputPropertiesError) as error:
        FlaskApp("app", {"app": APP, **VARIANTS["production"], "log_retention_days": 31})
    assert str(error.value).count("31 is not a retention period") == 1


@pytest.mark.parametrize(
    ("given", "allocated", "gib"),
    [
        ({}, 20, 1.6),  # 8 %: RDS grows it at 10 % by itself
        ({}, 80, 6.4),
        ({}, 91, 13.65),  # there is no room for RDS's least step of 10 GiB up to 100
        ({}, 100, 15),
        ({"database_max_storage_gib": 0}, 20, 3),  # nothing grows
        ({"database_storage_gib": 500, "database_max_storage_gib": 1000}, 950, 142.5),  # a step would be 95 GiB
    ],
)
def test_the_storage_alarm_knows_what_is_allocated_now_and_whether_it_grows(app, mocks, given, allocated, gib):
    computed = COMPUTED["Instance"]
    mocks.computed["Instance"] = lambda args: {**computed(args), "allocatedStorage": allocated}
    alarm = app(**VARIANTS["production"], **given).named("app-alarms-database-storage")
    assert alarm["threshold"] == pytest.approx(gib * 2**30, abs=1)


URL_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:legacy-AbCdEf"


@pytest.mark.parametrize("reference", [URL_SECRET, f"{URL_SECRET}:url::"])
def test_the_url_of_an_existing_database_comes_from_its_secret_alone(app, reference):
    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    deployed = app(
        database_url_secret_arn=reference,
        database_url_kms_key_id=key,
        compat=["divio"],
        release_command="flask release",
        workers={"mail": "python -m mail"},
    )
    assert not [resource.typ for resource in deployed.resources if ":rds/" in resource.typ]
    for name in ("app-web", "app-mail"):
        (container,) = containers(deployed, name)
        secrets = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
        assert (secrets["DATABASE_URL"], secrets["DEFAULT_DATABASE_DSN"]) == (reference, reference)
        names = {variable["name"] for variable in container["environment"]} | set(secrets)
        assert not {name for name in names if name.startswith(("PG", "DATABASE_SECRET", "MYSQL"))}
    policy = deployed.of_type("iam/rolePolicy:RolePolicy")["app-web-execution"]["policy"]
    allowed = {statement["Action"][0]: statement["Resource"] for statement in json.loads(policy)["Statement"]}
    assert URL_SECRET in allowed["secretsmanager:GetSecretValue"]
    assert allowed["kms:Decrypt"] == [key]
    assert "app-web-task-database" not in deployed.of_type("iam/rolePolicy:RolePolicy")


def test_an_own_value_replaces_the_url_of_the_secret_where_it_may(app):
    deployed = app(
        database_url_secret_arn=URL_SECRET, secret_values={"DATABASE_URL": "x"}, override_env=["DATABASE_URL"]
    )
    secrets = {secret["name"]: secret["valueFrom"] for secret in containers(deployed)[0]["secrets"]}
    assert secrets["DATABASE_URL"].endswith(":DATABASE_URL::")
