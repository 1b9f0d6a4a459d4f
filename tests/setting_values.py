"""Settings of stacks that together set every setting, with every type of valid value.

A stack with `OWN` creates all resources itself, and one with `SHARED` uses all resources that stacks can share, written
as by `pulumi config set`. `PLANNED` has an app without a Dockerfile, an Aurora cluster, and CloudFront on its domain.
`EXISTING` has a database that the stack does not create, and CloudFront's default domain, and `LICENSED` has one with a
license. In `UNSET`, every setting is present but not set.
"""

import json
from typing import Any

from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs
from flask_on_aws.runtime_contract.contract import SERVICES
from flask_on_aws.validation.setting_texts import EMPTY_IS_A_VALUE

import settings

_ACCOUNT = "us-east-1:123456789012"
_SECRET = f"arn:aws:secretsmanager:{_ACCOUNT}:secret:server-AbCdEf"

# As `openssl rsa -pubout` writes it; nobody has the private key.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmWvWYG3DtDrJn5JZr/Rw
lG2lLOFKW5BX0YvLoyTMenTQnR1l+3gtN5Zz2cFa9sAMR1EHy5Yt33/HAw2ZeLMf
0HvW1oW6pYFWCkElwnpI2xYMDhUc5iKiVg6VRbvm+vKm3cHpSZb3dEBBHCOCBDNj
hq1d6ghsAKpngZUJHfqtLbdxLnDhQiJPEza/Y751DcxAh4l0Bgqbb1vFTtJRgkxr
ze42o0ExQSdgbCDzRH/wind/tNH+qS/QI6juc8SjDZK0U7yyWjV8QhVebQ6e59Om
y5Nnij6eK/GBK0xJVNp5QPExj5cRGerr0j498G9aJ3Q8erYBuKscKdgZKUN6IHgD
XQIDAQAB
-----END PUBLIC KEY-----
"""
SERVICE_KINDS: dict[str, str] = {
    service: next(iter(FlaskAppArgs.__annotations__[service])).value for service in SERVICES
}
"""An app that uses every service: each setting, named as its argument, with the first word that it accepts."""
OWN: dict[str, Any] = {
    "name": "shop",
    "environment": "staging",
    "app": "app_template",
    "dockerfile": "Dockerfile",
    "dockerfileTarget": "1",
    "builder": "docker-build",
    "architecture": "arm64",
    "buildEnv": {"TEXT": "a", "NUMBER": 3, "FLAG": True},
    "buildSecrets": {"TOKEN": "t0ken"},
    "rebuild": "2026-01",
    "imagesKept": 40,
    "preflight": "never",
    "repositoryName": "shop/web",
    "createKmsKey": True,
    "domain": "shop.example.com",
    "domainAliases": ["www.shop.example.com"],
    "domainRedirects": ["example.com", "*.example.net"],
    "dns": "external",
    "dnsReady": True,
    "cdn": False,
    "cloudfrontOrigin": "vpc",
    "vpcCidr": "10.9.0.0/16",
    "zones": 3,
    "egress": "nat",
    "dualStack": True,
    "loadBalancerDualStack": True,
    "flowLogs": True,
    **SERVICE_KINDS,
    "databaseVersion": "17",
    "databaseInstanceClass": "db.t4g.small",
    "databaseStorageGib": 30,
    "databaseMaxStorageGib": 0,
    "databaseName": "shop",
    "databaseUsername": "owner",
    "databaseBackupDays": 3,
    "databaseBackupWindow": "01:00-02:00",
    "databaseMaintenanceWindow": "mon:05:00-mon:06:00",
    "databaseMultiAz": True,
    "databaseMonitoringInterval": 15,
    "databaseSnapshot": "before-the-move",
    "databaseApplyImmediately": False,
    "databaseAllowMajorUpgrade": True,
    "databaseKmsKeyId": "aws/rds",
    "acceptDataLoss": ["shop-db"],
    "allowDatabaseReplacement": True,
    "databaseUrlScheme": "postgresql+psycopg",
    "databaseUrlQuery": "sslmode=require",
    "bucketVersioned": True,
    "cacheUse": "queue",
    "cacheVersion": "9.0",
    "cacheNodeType": "cache.t4g.small",
    "cacheReplicas": 2,
    "cacheSnapshotDays": 3,
    "cacheSnapshot": "before-the-move",
    "cacheMaintenanceWindow": "mon:06:00-mon:07:00",
    "allowedCidrs": ["192.0.2.0/24", "2001:db8::/32"],
    "desyncMitigation": "strictest",
    "webAclArn": f"arn:aws:wafv2:{_ACCOUNT}:regional/webacl/shop/12345678-1234-1234-1234-123456789012",
    "accessLogs": True,
    "deletionProtection": False,
    "keepData": False,
    "cpu": 512,
    "memory": 1024,
    "scaleCpuPercent": 0,
    "scaleMemoryPercent": 50,
    "scaleRequestsPerMinute": 600,
    "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minTasks": 0, "maxTasks": 1}],
    "port": 9000,
    "healthCheckPath": "/version",
    "stickySessions": 3600,
    "startupSeconds": 90,
    "releaseCommand": "flask db upgrade",
    "releaseSeconds": 60,
    "startCommand": "gunicorn 'board:create_app()'",
    "workers": {"mail": "python -m mail"},
    "jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup"}],
    "enableExec": True,
    "spotShare": 50,
    "logRetentionDays": 60,
    "env": {"GREETING": "hello", "LIMIT": 3, "RATIO": 0.5, "LOG_LEVEL": "warning"},
    "secrets": {"API_KEY": f"arn:aws:ssm:{_ACCOUNT}:parameter/key"},
    "secretValues": {"TOKEN": "t0ken"},
    "previousSecretKey": "keep",
    "overrideEnv": ["LOG_LEVEL"],
    "compat": ["upsun", "divio", "heroku", "render", "railway", "copilot"],
    "debug": True,
    "gitBranch": "main",
    "policyArns": {"read": "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"},
    "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
    "outboundPorts": [443, 5432],
    "readOnlyRoot": False,
    "writablePaths": ["/tmp", "/data"],
    "sidecars": [{"name": "metrics", "image": "metrics:1", "memoryReservation": 64}],
    "caCertificates": "init",
    "entryPoint": "replace",
    "containerInsights": True,
    "tags": {"team": "shop", "cost center": 4711},
    "alarms": True,
    "alarmEmail": "ops@example.com",
    "monthlyBudgetUsd": 50,
}
SHARED: dict[str, Any] = {
    "image": "public.ecr.aws/docker/library/python:3.13-slim",
    "kmsKeyId": f"arn:aws:kms:{_ACCOUNT}:key/12345678-1234-1234-1234-123456789012",
    "domain": "shop.example.com",
    "zoneId": "Z0123456789ABCDEFGHIJ",
    "certificateArn": f"arn:aws:acm:{_ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012",
    "vpcId": "vpc-0123456789abcdef0",
    "publicSubnetIds": '["subnet-0123456789abcdef0","subnet-0123456789abcdef1"]',
    "privateSubnetIds": '["subnet-0123456789abcdef2","subnet-0123456789abcdef3"]',
    "clusterArn": f"arn:aws:ecs:{_ACCOUNT}:cluster/shared",
    "clusterName": "shared",
    "listenerArn": f"arn:aws:elasticloadbalancing:{_ACCOUNT}:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2",
    "loadBalancerSecurityGroupId": "sg-0123456789abcdef0",
    "loadBalancerDnsName": "shared-1234567890.us-east-1.elb.amazonaws.com",
    "loadBalancerZoneId": "Z35SXDOTRQ7X7K",
    "loadBalancerArnSuffix": "app/shared/50dc6c495c0c9188",
    "listenerPriority": "200",
    "listenerPaths": '["/shop/*"]',
    "listenerHasCertificate": "false",
    "databaseHost": "db.example.com",
    "databasePort": "5433",
    "databaseServerSecurityGroupId": "sg-0123456789abcdef1",
    "databaseServerSecretArn": _SECRET,
    "databaseSetupImage": "public.ecr.aws/docker/library/postgres:18-alpine",
    "minTasks": "1",
    "maxTasks": "3",
    "flowLogs": "false",
    "env": '{"GREETING":"hello"}',
    "releaseCommand": "none",
    # An empty value differs from a missing one: no workers of the Procfile, no writable volumes, no query.
    "workers": {},
    "writablePaths": [],
    "databaseUrlQuery": "",
}
PLANNED: dict[str, Any] = {
    "app": "tests/apps/pip",
    "domain": "shop.example.com",
    "dns": "external",
    "dnsReady": True,
    "cdn": True,
    "cdnCachedPaths": ["/static/*", "/assets/*"],
    "database": "aurora-mysql",
    "databaseMinCapacity": 0,
    "databaseMaxCapacity": 2.5,
    "databaseAutoPauseSeconds": 600,
    "pythonVersion": "3.12",
    "systemPackages": ["libpq5"],
    "buildCommand": "flask digest compile",
    "assetsFolder": "none",
}
EXISTING: dict[str, Any] = {
    "databaseUrlSecretArn": f"{_SECRET}:url::",
    "databaseUrlKmsKeyId": f"arn:aws:kms:{_ACCOUNT}:key/12345678-1234-1234-1234-123456789012",
    "databaseUrlScheme": "mysql+pymysql",
    "waf": "block",
    "wafRequestsPerFiveMinutes": 500,
    "wafLogs": True,
    "basicAuthUsername": "staging",
    "mediaCdn": "signed",
    "mediaCdnPath": "/files/",
    "mediaCdnPublicKeys": [PUBLIC_KEY],
    "mediaCdnPrivateKeySecretArn": _SECRET,
}
LICENSED: dict[str, Any] = {"database": "sqlserver", "databaseEdition": "web"}
_EMPTY: dict[settings.Reader, Any] = {
    settings.text: "",
    settings.texts: [],
    settings.numbers: [],
    settings.objects: [],
    settings.containers: [],
    settings.mapping: {},
    settings.commands: {},
}
UNSET: dict[str, Any] = {
    key: "auto" if key in EMPTY_IS_A_VALUE else _EMPTY.get(read, "auto") for key, read in settings.READERS.items()
} | {key: {} for key in settings.SECRETS}


def as_text(value: Any) -> str:
    """A value of a stack's file as Pulumi passes it to the program."""
    return value if isinstance(value, str) else json.dumps(value)
