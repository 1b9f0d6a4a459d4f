"""The words that an argument accepts, as enums for the schema and other languages; in Python callers write the string.

Type checkers read them as `Literal`s in `choices.pyi`, which a test generates from this module, and reject other strings.
The hosted package's analyzer cannot read a `Literal`.
"""

from enum import StrEnum
from typing import Self


class Choice(StrEnum):
    """One of a few words. Any other string is kept as it is, so that it is reported together with all other problems."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


class Environment(Choice):
    """Type of an environment, which decides most defaults."""

    DEVELOPMENT = "development"
    """Small, short-lived and unprotected."""
    STAGING = "staging"
    """As development, with a week of backups and more tasks."""
    PRODUCTION = "production"
    """Protected, in two zones, with alarms."""


class Builder(Choice):
    """What builds an image."""

    DOCKER_BUILD = "docker-build"
    """BuildKit."""
    DOCKER = "docker"
    """A bare Docker daemon."""


class Architecture(Choice):
    """Processor architecture of an image and of the tasks that run it."""

    X86_64 = "x86_64"
    """Intel and AMD."""
    ARM64 = "arm64"
    """AWS Graviton."""


class Preflight(Choice):
    """Whether an app is run on this machine before its image is pushed."""

    AUTO = "auto"
    """If a Docker engine and the command flask-on-aws are available."""
    ALWAYS = "always"
    """Always; the update fails where it cannot."""
    NEVER = "never"
    """Never."""


class Dns(Choice):
    """Who creates a domain's records."""

    ROUTE53 = "route53"
    """The program, in Route 53."""
    EXTERNAL = "external"
    """You, at another DNS provider."""


class Egress(Choice):
    """How tasks reach the internet."""

    PUBLIC = "public"
    """Through a public address for each task."""
    IPV6 = "ipv6"
    """Over IPv6 alone."""
    NAT = "nat"
    """Through one NAT gateway."""
    NAT_PER_ZONE = "nat-per-zone"
    """Through a NAT gateway in each zone."""
    ENDPOINTS = "endpoints"
    """Not at all; AWS services through VPC endpoints."""


class DatabaseKind(Choice):
    """The app's database."""

    POSTGRES = "postgres"
    """PostgreSQL on RDS."""
    MYSQL = "mysql"
    """MySQL on RDS."""
    MARIADB = "mariadb"
    """MariaDB on RDS."""
    SQLSERVER = "sqlserver"
    """Microsoft SQL Server on RDS."""
    AURORA_POSTGRES = "aurora-postgres"
    """Aurora PostgreSQL, serverless."""
    AURORA_MYSQL = "aurora-mysql"
    """Aurora MySQL, serverless."""
    DOCUMENTDB = "documentdb"
    """Amazon DocumentDB, which is compatible with MongoDB."""
    NONE = "none"
    """None."""


class DatabaseEngine(Choice):
    """The engine of a DB instance."""

    POSTGRES = "postgres"
    """PostgreSQL."""
    MYSQL = "mysql"
    """MySQL."""
    MARIADB = "mariadb"
    """MariaDB."""
    SQLSERVER = "sqlserver"
    """Microsoft SQL Server."""


class SqlServerEdition(Choice):
    """The edition of a SQL Server, which decides its license's price."""

    EXPRESS = "express"
    """10 GB for each database, and no standby."""
    WEB = "web"
    """For public websites alone."""
    STANDARD = "standard"
    """Up to 24 cores, and a standby."""
    ENTERPRISE = "enterprise"
    """All features."""


class SharedEngine(Choice):
    """The engine of a server that apps share."""

    POSTGRES = "postgres"
    """PostgreSQL."""
    SQLSERVER = "sqlserver"
    """Microsoft SQL Server."""


class AuroraEngine(Choice):
    """The engine of an Aurora cluster."""

    AURORA_POSTGRES = "aurora-postgres"
    """Aurora PostgreSQL."""
    AURORA_MYSQL = "aurora-mysql"
    """Aurora MySQL."""


class BucketKind(Choice):
    """The app's bucket for media files."""

    S3 = "s3"
    """In S3."""
    NONE = "none"
    """None."""


class MediaCdnMode(Choice):
    """Whether CloudFront serves an app's media files."""

    NONE = "none"
    """The app serves them, or signs links to S3."""
    PUBLIC = "public"
    """Everybody may read them."""
    SIGNED = "signed"
    """Only with links or cookies that the app has signed."""


class QueueKind(Choice):
    """The app's queue for background jobs."""

    SQS = "sqs"
    """In SQS."""
    NONE = "none"
    """There is none."""


class CacheKind(Choice):
    """The app's cache."""

    VALKEY = "valkey"
    """Valkey on ElastiCache."""
    NONE = "none"
    """None."""


class CacheUse(Choice):
    """What a cache stores, which decides what happens when its memory is full."""

    CACHE = "cache"
    """Copies: the keys that were used least recently are evicted."""
    QUEUE = "queue"
    """Jobs and sessions: nothing is evicted, and writes fail."""


class DesyncMitigation(Choice):
    """A load balancer's handling of ambiguous requests."""

    MONITOR = "monitor"
    """All are forwarded."""
    DEFENSIVE = "defensive"
    """Dangerous ones are blocked."""
    STRICTEST = "strictest"
    """Only those that comply with RFC 7230 are forwarded."""


class CaCertificates(Choice):
    """Where the RDS root certificates come from."""

    AUTO = "auto"
    """The image where it can."""
    IMAGE = "image"
    """The image."""
    INIT = "init"
    """A container that writes them before the app starts."""


class EntryPointChoice(Choice):
    """What becomes of an image's ENTRYPOINT where a container gets a command."""

    AUTO = "auto"
    """Kept where it runs its arguments, else replaced; kept where neither can be seen."""
    KEEP = "keep"
    """Kept; it gets the command as its arguments."""
    REPLACE = "replace"
    """Replaced by one that runs the command alone."""


class BalancerMode(Choice):
    """Who may connect to a load balancer."""

    HTTPS = "https"
    """Visitors, on 443 with a certificate."""
    CLOUDFRONT = "cloudfront"
    """CloudFront alone, on 80."""
    INTERNAL = "internal"
    """Nothing, until a VpcOrigin adds its rule."""


class Waf(Choice):
    """Whether AWS WAF checks an app's requests."""

    OFF = "off"
    """There is no web ACL."""
    COUNT = "count"
    """Requests that match a rule are counted and pass."""
    BLOCK = "block"
    """They get 403."""


class WafMode(Choice):
    """What a web ACL does with requests that match a rule."""

    COUNT = "count"
    """They are counted and pass."""
    BLOCK = "block"
    """They get 403."""


class WafScope(Choice):
    """What a web ACL protects."""

    REGIONAL = "REGIONAL"
    """Load balancers of its region."""
    CLOUDFRONT = "CLOUDFRONT"
    """CloudFront distributions."""


class PriceClass(Choice):
    """Where CloudFront serves viewers from."""

    PRICE_CLASS_100 = "PriceClass_100"
    """North America, Europe and Israel."""
    PRICE_CLASS_200 = "PriceClass_200"
    """Most regions."""
    PRICE_CLASS_ALL = "PriceClass_All"
    """All regions."""


# The analyzer turns a list of enums into empty objects.
Preset = str
