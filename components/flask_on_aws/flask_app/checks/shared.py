"""Checks of what a Flask app shares or refers to: a cluster, a load balancer, a database server, policies."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...ecs.task_roles import ECR_IMAGE
from ...logical_database.logical_database import SHARED_ENGINES
from ...validation.problems import Problem
from ...validation.references import (
    CERTIFICATE,
    CLUSTER,
    LISTENER,
    POLICY,
    SECRET,
    arn_problems,
    host_problems,
    id_problems,
    image_problems,
    kms_key_problems,
    secret_reference_problems,
    zone_id_problems,
)
from ...validation.values import name_problems
from ..flask_app_args import FlaskAppArgs

# What must be given along with a shared server.
_SERVER_NEEDS = ("database_server_security_group_id", "database_server_secret_arn")
# What must be given along with a shared listener.
SHARED_NEEDS = (
    "domain",
    "vpc_id",
    "load_balancer_security_group_id",
    "load_balancer_dns_name",
    "load_balancer_zone_id",
    "load_balancer_arn_suffix",
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: managed policies of a role, at most
_MOST_POLICIES = 20
_ARNS = {
    "certificate_arn": CERTIFICATE,
    "cluster_arn": CLUSTER,
    "listener_arn": LISTENER,
    "permissions_boundary": POLICY,
    "database_server_secret_arn": SECRET,
}
_SECURITY_GROUPS = ("load_balancer_security_group_id", "database_server_security_group_id")
_ARN_SUFFIX = re.compile(r"app/[A-Za-z0-9-]+/[0-9a-z]+")
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def shared_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """What is missing or malformed of what exists already."""
    given = cast(Mapping[str, Any], args)
    for argument, kind in _ARNS.items():
        yield from arn_problems(argument, given.get(argument), kind)
    for argument in _SECURITY_GROUPS:
        yield from id_problems(argument, given.get(argument), "sg", "a security group")
    for argument in ("zone_id", "load_balancer_zone_id"):
        yield from zone_id_problems(argument, given.get(argument))
    yield from host_problems("load_balancer_dns_name", given.get("load_balancer_dns_name"))
    if args["database_setup_image"]:
        yield from image_problems("database_setup_image", args["database_setup_image"])
    yield from _policy_problems(args)
    yield from _listener_problems(given)
    yield from _cluster_problems(given)
    yield from _url_secret_problems(args)
    if "database_host" in given:
        yield from _server_problems(args)


def _url_secret_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    given = cast(Mapping[str, Any], args)
    yield from kms_key_problems("database_url_kms_key_id", given.get("database_url_kms_key_id"))
    reference = given.get("database_url_secret_arn")
    if reference is None:
        return
    if isinstance(reference, str) and ":ssm:" in reference:
        yield Problem(
            "database_url_secret_arn", f"{reference!r} is a parameter; put the URL into a secret of Secrets Manager."
        )
    else:
        yield from secret_reference_problems("database_url_secret_arn", reference)
    if args["database"] != "none":
        yield Problem(
            "database_url_secret_arn",
            f"the app uses an existing database, and database {args['database']} would create another one; set database to "
            "none, or leave it out.",
        )


def _policy_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    for name, arn in args["policy_arns"].items():
        yield from name_problems(f"policy_arns.{name}", name)
        yield from arn_problems(f"policy_arns.{name}", arn, POLICY)
    if len(args["policy_arns"]) > _MOST_POLICIES:
        yield Problem(
            "policy_arns", f"{len(args['policy_arns'])} policies are too many; a role has at most {_MOST_POLICIES}."
        )


def _listener_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    listener, suffix = given.get("listener_arn"), given.get("load_balancer_arn_suffix")
    if listener is not None:
        for needed in SHARED_NEEDS:
            if not given.get(needed):
                yield Problem(needed, "must be given with listener_arn, which shares an existing load balancer.")
    if not isinstance(suffix, str):
        return
    if not _ARN_SUFFIX.fullmatch(suffix):
        yield Problem(
            "load_balancer_arn_suffix",
            f"{suffix!r} is not the end of a load balancer's ARN, like app/NAME/0123456789abcdef.",
        )
    elif isinstance(listener, str) and ":listener/app/" in listener and f":listener/{suffix}/" not in listener:
        yield Problem("load_balancer_arn_suffix", f"{suffix!r} is another load balancer than that of listener_arn.")


def _cluster_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    arn, name = given.get("cluster_arn"), given.get("cluster_name")
    if (arn is None) != (name is None):
        yield Problem("cluster_name", "must be given together with cluster_arn, or neither of them.")
    elif isinstance(name, str) and not _CLUSTER_NAME.fullmatch(name):
        yield Problem("cluster_name", f"{name!r} must be up to 255 letters, digits, hyphens and underscores.")
    elif isinstance(name, str) and isinstance(arn, str) and ":cluster/" in arn and not arn.endswith(f":cluster/{name}"):
        yield Problem("cluster_name", f"{name!r} is not the cluster of cluster_arn, which ends in its name.")


def _server_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    given, image = cast(Mapping[str, Any], args), args["database_setup_image"]
    if args["database"] not in SHARED_ENGINES:
        if args["database"] != "none":
            yield Problem(
                "database_host",
                f"only a PostgreSQL or SQL Server server can be shared, and database is {args['database']}; leave it out, so "
                "that the app gets its own server.",
            )
        return
    for needed in _SERVER_NEEDS:
        if not given.get(needed):
            yield Problem(needed, "must be given with database_host, which shares an existing server.")
    if args["egress"] == "endpoints" and image and not ECR_IMAGE.match(image):
        yield Problem(
            "database_setup_image",
            f"{image!r} is out of reach with egress endpoints; copy it to a repository in ECR and name that.",
        )
