"""Rules about databases of RDS, Aurora and DocumentDB."""

from collections.abc import Iterator

from ...model import Severity
from ..checks import at_least, described, encrypted_in_state, is_set, must_be, must_not_be, when
from ..rule import Rule, Violation
from ..stack import Node, Stack, is_known

_INSTANCE, _CLUSTER, _MEMBER = "rds/instance:Instance", "rds/cluster:Cluster", "rds/clusterInstance:ClusterInstance"
_DOCDB, _DOCDB_MEMBER = "docdb/cluster:Cluster", "docdb/clusterInstance:ClusterInstance"
_SERVERS = (_INSTANCE, _CLUSTER, _DOCDB)
_MEMBERS = {_CLUSTER: _MEMBER, _DOCDB: _DOCDB_MEMBER}
# A week, so that a mistake on a Friday can still be undone after the next one.
_BACKUP_DAYS = 7
_CERTIFICATES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
_COMMON_NAMES = ("admin", "postgres", "root", "sa", "awsuser")  # with which attackers begin
# Parameter → its values with which servers reject connections without TLS.
_TLS_PARAMETERS = {
    "rds.force_ssl": ("1",),
    "require_secure_transport": ("1", "ON"),
    "tls": ("enabled", "tls1.2+", "tls1.3+"),
}
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
_WITH_IAM = ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql")
_PARAMETER_GROUPS = (
    "rds/parameterGroup:ParameterGroup",
    "rds/clusterParameterGroup:ClusterParameterGroup",
    "docdb/clusterParameterGroup:ClusterParameterGroup",
)


def _parameters(node: Node) -> dict[str, str]:
    return {str(each.get("name")): str(each.get("value")) for each in node.inputs.get("parameters") or ()}


def _requires_tls(node: Node, stack: Stack) -> Iterator[Violation]:
    """SQL Server and PostgreSQL have one parameter, MySQL and MariaDB another, and DocumentDB a third."""
    parameters = _parameters(node)
    family = str(node.get("family") or "")
    name = "tls" if family.startswith("docdb") else "require_secure_transport"
    if family.startswith(("postgres", "aurora-postgresql", "sqlserver")):
        name = "rds.force_ssl"
    value = parameters.get(name)
    default_is_on = name == "tls" or family in ("mysql9", "mysql8.4", "mariadb11.8")
    if value is None and default_is_on:
        return
    if value not in _TLS_PARAMETERS[name]:
        yield Violation(f"parameters.{name}", described(value))


def _logs_slow_statements(node: Node, stack: Stack) -> Iterator[Violation]:
    parameters, family = _parameters(node), str(node.get("family") or "")
    if family.startswith(("postgres", "aurora-postgresql")):
        logs_all = parameters.get("log_statement") in ("mod", "all")
        if not logs_all and parameters.get("log_min_duration_statement", "-1") == "-1":
            yield Violation("parameters.log_min_duration_statement", "is -1, so none are logged")
    elif family.startswith(("mysql", "mariadb", "aurora-mysql")) and parameters.get("slow_query_log") not in (
        "1",
        "ON",
    ):
        yield Violation("parameters.slow_query_log", described(parameters.get("slow_query_log")))


def _standby(node: Node, stack: Stack) -> Iterator[Violation]:
    if node.type == _INSTANCE:
        yield from must_be("multiAz", True)(node, stack)
    elif len(stack.referring(node, _MEMBERS[node.type], "clusterIdentifier")) < 2:
        yield Violation("instances", "has fewer than two")


def _supports_iam(node: Node, stack: Stack) -> bool:
    return node.get("engine") in _WITH_IAM


def _exports_logs(node: Node, stack: Stack) -> Iterator[Violation]:
    exports = node.inputs.get("enabledCloudwatchLogsExports")
    if is_known(exports) and not exports:
        yield Violation("enabledCloudwatchLogsExports", "is not set")


def _not_replica(node: Node, stack: Stack) -> bool:
    return node.get("replicateSourceDb") is None


_PASSWORD = "password"  # noqa: S105 the name of a property

RULES = (
    Rule(
        "db-not-public",
        Severity.CRITICAL,
        "Databases have no public address",
        "Everybody can try passwords, and use flaws of the server before it is updated.",
        "Set publiclyAccessible to false.",
        (_INSTANCE, _MEMBER),
        must_be("publiclyAccessible", False, default=False),
        "CKV_AWS_17 AWS-0180 RDS.2 rdsInstancePublicAccess",
    ),
    Rule(
        "db-encrypted",
        Severity.HIGH,
        "Databases are encrypted",
        "Whoever gets a disk or a snapshot can read all data; it cannot be turned on later.",
        "Set storageEncrypted to true.",
        _SERVERS,
        must_be("storageEncrypted", True),
        "CKV_AWS_16 CKV_AWS_96 AWS-0079 AWS-0080 AwsSolutions-RDS2 RDS.3 RDS.27 DocumentDB.1 rdsStorageEncrypted",
    ),
    Rule(
        "db-backups",
        Severity.HIGH,
        f"Databases keep backups for {_BACKUP_DAYS} days",
        "Data that somebody deleted or changed by mistake cannot be restored.",
        f"Set databaseBackupDays to {_BACKUP_DAYS} or more.",
        _SERVERS,
        when(_not_replica, at_least("backupRetentionPeriod", _BACKUP_DAYS, default=1)),
        "CKV_AWS_133 CKV2_AWS_8 AWS-0077 AwsSolutions-RDS13 RDS.11 DocumentDB.2 rdsInstanceBackupEnabled",
        "databaseBackupDays",
    ),
    Rule(
        "db-deletion-protection",
        Severity.HIGH,
        "Databases are protected from deletion",
        "One mistake deletes all data.",
        "Set deletionProtection to true.",
        _SERVERS,
        must_be("deletionProtection", True),
        "CKV_AWS_293 CKV_AWS_139 AWS-0177 AWS-0343 AwsSolutions-RDS10 AwsSolutions-RDS15 RDS.7 RDS.8 DocumentDB.5",
        "deletionProtection",
    ),
    Rule(
        "db-final-snapshot",
        Severity.HIGH,
        "Databases leave a snapshot when they are deleted",
        "A deleted database is gone with its automated backups.",
        "Set keepData to true.",
        _SERVERS,
        must_be("skipFinalSnapshot", False, default=False),
        "",
        "keepData",
    ),
    Rule(
        "db-tls",
        Severity.HIGH,
        "Databases reject connections without TLS",
        "Passwords and data can be read on the way.",
        "Set the parameter rds.force_ssl, require_secure_transport or tls.",
        _PARAMETER_GROUPS,
        _requires_tls,
        "CKV2_AWS_69 RDS.38 RDS.39 RDS.41 RDS.44 DocumentDB.6",
    ),
    Rule(
        "db-parameter-group",
        Severity.MEDIUM,
        "Databases have a parameter group of their own",
        "AWS's default groups cannot be changed, and some of them allow connections without TLS.",
        "Set parameterGroupName.",
        _SERVERS,
        is_set("parameterGroupName", "dbClusterParameterGroupName"),
        "RDS.38",
    ),
    Rule(
        "db-password-encrypted",
        Severity.CRITICAL,
        "The password of a database is a secret",
        "It is in plain text in Pulumi's state and in the output of its commands.",
        "Pass it as pulumi.Output.secret, or set manageMasterUserPassword.",
        _SERVERS,
        lambda node, stack: (
            *encrypted_in_state(_PASSWORD)(node, stack),
            *encrypted_in_state("masterPassword")(node, stack),
        ),
    ),
    Rule(
        "db-standby",
        Severity.MEDIUM,
        "Databases have a standby in another zone",
        "The app is down while AWS replaces a failed database, or as long as a zone is.",
        "Set databaseMultiAz to true.",
        _SERVERS,
        _standby,
        "CKV_AWS_157 AwsSolutions-RDS3 RDS.5 RDS.15 rdsInstanceMultiAZEnabled",
        "databaseMultiAz",
    ),
    Rule(
        "db-minor-upgrades",
        Severity.MEDIUM,
        "Databases install minor versions by themselves",
        "Security fixes of the server are not installed.",
        "Set databaseVersion to a major version alone.",
        (_INSTANCE, _MEMBER),
        must_be("autoMinorVersionUpgrade", True, default=True),
        "CKV_AWS_226 RDS.13 RDS.35",
        "databaseVersion",
    ),
    Rule(
        "db-certificate",
        Severity.MEDIUM,
        "The certificate of a database is from a current CA",
        "Clients reject it once the old CA has expired.",
        "Set caCertIdentifier to rds-ca-rsa2048-g1.",
        (_INSTANCE, _MEMBER),
        must_be("caCertIdentifier", *_CERTIFICATES, default=_CERTIFICATES[0]),
        "CKV_AWS_211",
    ),
    Rule(
        "db-log-exports",
        Severity.MEDIUM,
        "The logs of databases go to CloudWatch",
        "After an incident nobody can see who connected, or what failed.",
        "Set enabledCloudwatchLogsExports.",
        _SERVERS,
        _exports_logs,
        "CKV_AWS_129 CKV_AWS_324 CKV_AWS_325 AwsSolutions-RDS16 RDS.9 RDS.34 RDS.36 RDS.37 RDS.40 RDS.42 DocumentDB.4",
    ),
    Rule(
        "db-slow-statements",
        Severity.LOW,
        "Databases log slow statements",
        "Nobody can see which statements made the app slow.",
        "Set the parameter log_min_duration_statement or slow_query_log.",
        _PARAMETER_GROUPS[:2],
        _logs_slow_statements,
        "CKV2_AWS_30 CKV2_AWS_27",
    ),
    Rule(
        "db-iam-authentication",
        Severity.LOW,
        "Databases accept IAM authentication",
        "People need a password that does not expire.",
        "Set iamDatabaseAuthenticationEnabled to true.",
        (_INSTANCE, _CLUSTER),
        when(_supports_iam, must_be("iamDatabaseAuthenticationEnabled", True)),
        "CKV_AWS_161 CKV_AWS_162 AWS-0176 AwsSolutions-RDS6 RDS.10 RDS.12",
    ),
    Rule(
        "db-user-name",
        Severity.LOW,
        "The owner of a database does not have a common name",
        "Attackers begin with it.",
        "Set databaseUsername when the database is created.",
        _SERVERS,
        lambda node, stack: (
            *must_not_be("username", *_COMMON_NAMES)(node, stack),
            *must_not_be("masterUsername", *_COMMON_NAMES)(node, stack),
        ),
        "RDS.24 RDS.25",
        "databaseUsername",
    ),
    Rule(
        "db-security-group",
        Severity.MEDIUM,
        "Databases have a security group of their own",
        "The default group of the VPC would apply.",
        "Set vpcSecurityGroupIds.",
        _SERVERS,
        is_set("vpcSecurityGroupIds"),
    ),
    Rule(
        "db-subnet-group",
        Severity.MEDIUM,
        "Databases have a subnet group of their own",
        "They would be in the default VPC, whose subnets are public.",
        "Set dbSubnetGroupName.",
        _SERVERS,
        is_set("dbSubnetGroupName"),
        "RDS.18",
    ),
    Rule(
        "db-monitoring",
        Severity.LOW,
        "Databases have enhanced monitoring",
        "Nobody can see which process of the server uses its CPU and memory.",
        "Set databaseMonitoringInterval.",
        (_INSTANCE, _MEMBER),
        must_not_be("monitoringInterval", 0, default=0),
        "CKV_AWS_118 RDS.6",
        "databaseMonitoringInterval",
    ),
    Rule(
        "db-insights",
        Severity.LOW,
        "Databases have Performance Insights",
        "Nobody can see which statements use the database's time.",
        "Set performanceInsightsEnabled to true.",
        (_INSTANCE, _MEMBER),
        must_be("performanceInsightsEnabled", True),
        "CKV_AWS_353 AWS-0133",
    ),
    Rule(
        "db-snapshot-tags",
        Severity.LOW,
        "Snapshots of databases have the tags of the database",
        "Nobody knows whose snapshots they are.",
        "Set copyTagsToSnapshot to true.",
        (_INSTANCE, _CLUSTER),
        must_be("copyTagsToSnapshot", True),
        "CKV2_AWS_60 CKV_AWS_313 RDS.16 RDS.17",
    ),
)
