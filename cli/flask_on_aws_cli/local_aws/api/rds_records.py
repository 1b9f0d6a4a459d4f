"""RDS's records of databases: which of them have a server on this machine, and its settings."""

from typing import Any

from ..moto_patches.rds_operations import CLUSTER_ENGINES, is_clustered


def servers(rds: Any) -> dict[str, Any]:
    """moto's instances and clusters with a server, by identifier."""
    clusters = {name: raw for name, raw in rds.clusters.items() if raw.engine in CLUSTER_ENGINES}
    return clusters | {name: raw for name, raw in rds.databases.items() if not is_clustered(raw)}


def write_status(raw: Any, status: str, host: str | None, port: int | None, reason: str) -> None:
    """Write what describes an instance or a cluster, whose instances have its address."""
    raw.status = status
    if not hasattr(raw, "local_host"):  # still the port that it was created with
        raw.local_group_port = raw.port
    raw.local_host, raw.port = host or getattr(raw, "local_host", None), port or raw.port
    raw.status_infos = [{"Status": status, "Normal": False, "Message": reason}] if reason else []
    for member in raw.members if _is_cluster(raw) else ():
        member.local_host, member.port = raw.local_host, raw.port


def _is_cluster(raw: Any) -> bool:
    return not hasattr(raw, "db_instance_identifier")


def database_settings(rds: Any, raw: Any) -> dict[str, Any]:
    """The settings of the server of an instance or a cluster."""
    is_cluster = _is_cluster(raw)
    if is_cluster:
        group = rds.db_cluster_parameter_groups.get(raw.parameter_group)
    else:
        group = rds.db_parameter_groups.get(raw.db_parameter_group_name or "")  # None is the default group
    parameters: dict[str, dict[str, str]] = group.parameters if group else {}
    return {
        "identifier": raw.db_cluster_identifier if is_cluster else raw.db_instance_identifier,
        "engine": raw.engine,
        "engine_version": raw.engine_version,
        "username": raw.master_username,
        "password": raw._master_user_password,  # moto has no public attribute for it
        "database": raw.database_name if is_cluster else raw.db_name,
        "parameters": {
            name: parameter["ParameterValue"] for name, parameter in parameters.items() if "ParameterValue" in parameter
        },
    }
