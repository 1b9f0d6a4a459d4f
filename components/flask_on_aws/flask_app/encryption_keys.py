"""Which KMS key encrypts what of a Flask app."""

from collections.abc import Iterator

import pulumi

from ..data_loss.rules import STACK_KEY
from ..database.engines import CLUSTER_ENGINES, DOCUMENT_ENGINES
from ..secrets.kms_key import KmsKey, KmsKeyArgs
from ..validation.problems import Problem
from ..validation.references import kms_key_problems
from ..waf.web_acl import LOG_PREFIX
from .flask_app_args import FlaskAppArgs
from .topology import REGIONAL, web_acl_scopes

# The name under which AWS lists the key that it has for RDS in each account.
RDS_KEY = "aws/rds"


def key_name(name: str) -> str:
    """Logical name of the key of an app with a logical name."""
    return f"{name}-kms-key"  # `<name>-key` is the SECRET_KEY


def create_key(name: str, args: FlaskAppArgs, opts: pulumi.ResourceOptions) -> pulumi.Input[str] | None:
    """The ARN of the key for all that the app stores, if it is not AWS's: the stack's own or an existing one."""
    if not args["create_kms_key"]:
        return args.get("kms_key_id")
    # The log group of CloudFront's web ACL is in another region, where the key does not work.
    waf_logs = [f"{LOG_PREFIX}{name}-waf-*"] if args["waf_logs"] and REGIONAL in web_acl_scopes(args) else []
    wanted: KmsKeyArgs = {
        "description": f"Encrypts the data of {name}",
        # RDS names the groups of its logs by itself, and WAF requires a prefix; all others start with the app's name.
        "log_group_names": [f"{name}-*", f"{_database_logs(args)}/{name}-*", *waf_logs],
        "retain": args["keep_data"],
    }
    if args["media_cdn"] != "none":
        wanted["distributions"] = True
    if args["jobs"] and args["alarms"]:
        wanted["event_rules"] = True
    return KmsKey(key_name(name), wanted, opts).key_arn


def _database_logs(args: FlaskAppArgs) -> str:
    """How the names of the database's log groups begin."""
    if args["database"] in DOCUMENT_ENGINES:
        return "/aws/docdb"
    return f"/aws/rds/{'cluster' if args['database'] in CLUSTER_ENGINES else 'instance'}"


def database_key(args: FlaskAppArgs, key: pulumi.Input[str] | None) -> pulumi.Input[str] | None:
    """The key of the database's storage; `key` is that of all else."""
    given = args.get("database_kms_key_id")
    if given is None:
        return key
    return None if isinstance(given, str) and given == RDS_KEY else given


def recorded_key(args: FlaskAppArgs) -> pulumi.Input[str] | None:
    """The key of all else as the guard records it: a key that the stack makes is known before it has an ARN."""
    return STACK_KEY if args["create_kms_key"] else args.get("kms_key_id")


def key_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """What is wrong with the arguments that name keys."""
    key, database = args.get("kms_key_id"), args.get("database_kms_key_id")
    yield from kms_key_problems("kms_key_id", key)
    if key is not None and args["create_kms_key"]:
        yield Problem("create_kms_key", "True makes a key, and kms_key_id names one; keep one of the two.")
    if database != RDS_KEY if isinstance(database, str) else database is not None:
        yield from kms_key_problems("database_kms_key_id", database)
    elif database is not None and key is None and not args["create_kms_key"]:
        yield Problem(
            "database_kms_key_id",
            f"{RDS_KEY!r} is what the database has without kms_key_id and create_kms_key; leave it out.",
        )
