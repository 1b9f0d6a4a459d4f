"""What Pulumi's and Terraform's AWS provider reads back after it has made a resource, and moto forgets.

Without these an unchanged second `pulumi up` of a load balancer's network, a database or a key finds differences.
"""

import json
import uuid
from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.vpcs import VPCs
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend
from moto.kms.responses import KmsResponse
from moto.rds.models import DBInstance, RDSBackend
from moto.sqs.models import Queue

from ._patch import patch


def _ipv6_blocks(original: Any, self: Any) -> list[dict[str, Any]]:
    """moto nests the state of a subnet's IPv6 block one level too deep."""
    return [{**block, "ipv6CidrBlockState": block["ipv6CidrBlockState"]["state"]} for block in original(self)]


def _queue_attributes(original: Any, self: Any) -> dict[str, Any]:
    """SQS writes a redrive policy without spaces, and the AWS provider compares texts."""
    attributes = dict(original(self))
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = json.dumps(json.loads(attributes["RedrivePolicy"]), separators=(",", ":"))
    return attributes


def _create_endpoint(original: Any, self: Any) -> Any:
    """moto leaves out the kind of addresses of an interface endpoint."""
    answer = original(self)
    answer.result["VpcEndpoint"].ip_address_type = self._get_param("IpAddressType", "ipv4")
    return answer


def _delete_load_balancer(original: Any, self: Any, arn: str) -> None:
    """A load balancer with deletion protection cannot be deleted, which moto does."""
    found = self.load_balancers.get(arn)
    if found and found.attrs.get("deletion_protection.enabled") == "true":
        reason = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise ELBClientError("OperationNotPermitted", reason)
    original(self, arn)


# What CreateDBInstance and ModifyDBInstance say of monitoring, and what DescribeDBInstances calls it.
_MONITORING = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
    "monitoring_interval": "monitoring_interval",
    "monitoring_role_arn": "monitoring_role_arn",
}


def _resource_id() -> str:
    return f"db-{uuid.uuid4().hex[:26].upper()}"  # AWS's form: db- and 26 characters


def _new_database(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Each database has a unique resource id, by which the provider finds it; moto gives all the same."""
    original(self, *args, **kwargs)
    self.dbi_resource_id = _resource_id()
    _keep_monitoring(self, kwargs)


def _update_database(original: Any, self: Any, **given: Any) -> None:
    """moto forgets changes of Performance Insights."""
    original(self, **given)
    _keep_monitoring(self, given)


def _keep_monitoring(database: Any, given: dict[str, Any]) -> None:
    """moto drops monitoring when a database is made, and Performance Insights always."""
    for parameter, attribute in _MONITORING.items():
        if given.get(parameter) is not None:
            setattr(database, attribute, given[parameter])


def _replica(original: Any, self: Any, given: dict[str, Any]) -> Any:
    """A replica has a dedicated resource id, where moto copies its source's."""
    copied = original(self, given)
    copied.dbi_resource_id = _resource_id()
    return copied


def _enable_rotation(original: Any, self: Any) -> Any:
    """moto forgets the period of a key's rotation, whose default is a year.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    """
    answer = original(self)
    key = self.kms_backend.describe_key(self._get_param("KeyId"))
    key.rotation_period = self._get_param("RotationPeriodInDays") or 365
    return answer


def _rotation_status(original: Any, self: Any) -> str:
    """moto leaves out the period of a key's rotation."""
    told = json.loads(original(self))
    period = getattr(self.kms_backend.describe_key(self._get_param("KeyId")), "rotation_period", None)
    return json.dumps({**told, "RotationPeriodInDays": period} if period else told)


def patch_for_provider() -> None:
    """Apply these patches."""
    patch(Subnet, "ipv6_cidr_block_association_set")(_ipv6_blocks)
    patch(Queue, "attributes")(_queue_attributes)
    patch(VPCs, "create_vpc_endpoint")(_create_endpoint)
    patch(ELBv2Backend, "delete_load_balancer")(_delete_load_balancer)
    patch(DBInstance, "__init__")(_new_database)
    patch(DBInstance, "update")(_update_database)
    patch(RDSBackend, "create_db_instance_read_replica")(_replica)
    patch(KmsResponse, "enable_key_rotation")(_enable_rotation)
    patch(KmsResponse, "get_key_rotation_status")(_rotation_status)
