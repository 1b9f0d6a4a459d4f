"""Generated from choices.py; see its docstring."""

from enum import StrEnum
from typing import Literal

class Choice(StrEnum): ...

Environment = Literal["development", "staging", "production"]
Builder = Literal["docker-build", "docker"]
Architecture = Literal["x86_64", "arm64"]
Preflight = Literal["auto", "always", "never"]
Dns = Literal["route53", "external"]
Egress = Literal["public", "ipv6", "nat", "nat-per-zone", "endpoints"]
DatabaseKind = Literal[
    "postgres", "mysql", "mariadb", "sqlserver", "aurora-postgres", "aurora-mysql", "documentdb", "none"
]
DatabaseEngine = Literal["postgres", "mysql", "mariadb", "sqlserver"]
SqlServerEdition = Literal["express", "web", "standard", "enterprise"]
SharedEngine = Literal["postgres", "sqlserver"]
AuroraEngine = Literal["aurora-postgres", "aurora-mysql"]
BucketKind = Literal["s3", "none"]
MediaCdnMode = Literal["none", "public", "signed"]
QueueKind = Literal["sqs", "none"]
CacheKind = Literal["valkey", "none"]
CacheUse = Literal["cache", "queue"]
DesyncMitigation = Literal["monitor", "defensive", "strictest"]
CaCertificates = Literal["auto", "image", "init"]
EntryPointChoice = Literal["auto", "keep", "replace"]
BalancerMode = Literal["https", "cloudfront", "internal"]
Waf = Literal["off", "count", "block"]
WafMode = Literal["count", "block"]
WafScope = Literal["REGIONAL", "CLOUDFRONT"]
PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
Preset = Literal["adaptable", "divio", "upsun", "gunicorn-tutorial", "heroku", "render", "railway", "copilot"]
