"""Values that Pulumi's and Terraform's AWS providers read back after they create a resource, and that moto drops.

Without these patches, a second `pulumi up` without changes finds differences in networks, databases and keys.
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
    """SQS returns a redrive policy without spaces, and the AWS provider compares the text."""
    attributes = dict(original(self))
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = json.dumps(json.loads(attributes["RedrivePolicy"]), separators=(",", ":"))
    return attributes


def _create_endpoint(original: Any, self: Any) -> Any:
    """moto omits the IP address type of an interface endpoint."""
    response = original(self)
    response.result["VpcEndpoint"].ip_address_type = self._get_param("IpAddressType", "ipv4")
    return response


def _delete_load_balancer(original: Any, self: Any, arn: str) -> None:
    """A load balancer with deletion protection cannot be deleted, but moto deletes it."""
    load_balancer = self.load_balancers.get(arn)
    if load_balancer and load_balancer.attrs.get("deletion_protection.enabled") == "true":
        reason = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise ELBClientError("OperationNotPermitted", reason)
    original(self, arn)


# Monitoring parameters of CreateDBInstance and ModifyDBInstance → attributes that DescribeDBInstances returns.
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
    """Each database has a unique resource id, by which the provider finds it; moto's ids are all the same."""
    original(self, *args, **kwargs)
    self.dbi_resource_id = _resource_id()
    _store_monitoring(self, kwargs)


def _update_database(original: Any, self: Any, **parameters: Any) -> None:
    """moto drops changes to Performance Insights."""
    original(self, **parameters)
    _store_monitoring(self, parameters)


def _store_monitoring(database: Any, parameters: dict[str, Any]) -> None:
    """Store monitoring, which moto drops on creation, and Performance Insights, which it always drops."""
    for parameter, attribute in _MONITORING.items():
        if parameters.get(parameter) is not None:
            setattr(database, attribute, parameters[parameter])


def _create_replica(original: Any, self: Any, parameters: dict[str, Any]) -> Any:
    """A replica has its own resource id, but moto copies its source's."""
    replica = original(self, parameters)
    replica.dbi_resource_id = _resource_id()
    return replica


def _enable_rotation(original: Any, self: Any) -> Any:
    """moto drops the rotation period of a key, whose default is a year.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    """
    response = original(self)
    key = self.kms_backend.describe_key(self._get_param("KeyId"))
    key.rotation_period = self._get_param("RotationPeriodInDays") or 365
    return response


def _rotation_status(original: Any, self: Any) -> str:
    """moto omits the rotation period of a key."""
    status = json.loads(original(self))
    period = getattr(self.kms_backend.describe_key(self._get_param("KeyId")), "rotation_period", None)
    return json.dumps({**status, "RotationPeriodInDays": period} if period else status)


def patch_for_provider() -> None:
    """Apply these patches."""
    patch(Subnet, "ipv6_cidr_block_association_set")(_ipv6_blocks)
    patch(Queue, "attributes")(_queue_attributes)
    patch(VPCs, "create_vpc_endpoint")(_create_endpoint)
    patch(ELBv2Backend, "delete_load_balancer")(_delete_load_balancer)
    patch(DBInstance, "__init__")(_new_database)
    patch(DBInstance, "update")(_update_database)
    patch(RDSBackend, "create_db_instance_read_replica")(_create_replica)
    patch(KmsResponse, "enable_key_rotation")(_enable_rotation)
    patch(KmsResponse, "get_key_rotation_status")(_rotation_status)
