"""Responses of other services that clients of a running app rely on."""

import json
from typing import Any, cast

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as Scaling
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse
from moto.ssm.models import Parameter

from ._patch import patch


def _call_action(original: Any, self: Any) -> Any:
    """moto responds to an unsupported call with a 500, which clients retry for minutes, instead of naming it."""
    try:
        return original(self)
    except NotImplementedError as error:
        # moto derives the service, and so the response's protocol, from the exception's module.
        exception_class = type("NotImplemented", (ServiceException,), {"__module__": type(self).__module__})
        _, headers, body = self.serialized(
            ActionResult(exception_class("NotImplemented", f"The local AWS does not support this: {error}"))
        )
        return 400, headers, body


def _log_group(original: Any, self: Any) -> dict[str, Any]:
    """moto omits the class of a log group, without which the AWS provider replaces the group."""
    return {"logGroupClass": "STANDARD", **original(self)}


def _filter_log_events(original: Any, self: Any) -> Any:
    """moto ignores the stream name prefix of FilterLogEvents."""
    prefix, group_name = self._get_param("logStreamNamePrefix"), self._get_param("logGroupName")
    group = self.logs_backend.groups.get(group_name)
    if not prefix or group is None:
        return original(self)
    names = [name for name in group.streams if name.startswith(prefix)]
    if not names:
        return json.dumps({"events": [], "searchedLogStreams": []})
    self.body = json.dumps({**json.loads(self.body), "logStreamNames": names})
    return original(self)


def _parameter(original: Any, self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The user who last modified a parameter is an ARN, but moto returns N/A."""
    return {**original(self, *args, **kwargs), "LastModifiedUser": f"arn:aws:iam::{self.account_id}:root"}


def _permitted(original: Any, self: Any, *args: Any, **kwargs: Any) -> PermissionResult:
    """moto applies a statement that denies requests without TLS to all requests, and none here use TLS."""
    statement = self._statement
    if statement.get("Effect") == "Deny" and "aws:SecureTransport" in json.dumps(statement.get("Condition", {})):
        return PermissionResult.NEUTRAL
    return original(self, *args, **kwargs)


def _target_health(original: Any, self: Any, group_arn: str, targets: list[dict[str, Any]]) -> Any:
    """The health of targets is the result of the load balancer's health checks, but moto invents it."""
    group = self.target_groups.get(group_arn)
    recorded: dict[tuple[str, int], Any] | None = getattr(group, "local_health", None)
    if recorded is None:
        return original(self, group_arn, targets)
    requested = [(target["Id"], int(target.get("Port") or group.port)) for target in targets] or list(recorded)
    unused = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
    health_by_target = [(key, *recorded.get(key, unused)) for key in requested]
    return [FakeHealthStatus(key[0], str(key[1]), str(key[1]), *health) for key, *health in health_by_target]


def _scaling_tags(backend: Any) -> dict[str, dict[str, str]]:
    attributes = cast(dict[str, Any], vars(backend))
    return attributes.setdefault("local_tags", {})


def _list_scaling_tags(_: Any, self: Any) -> str:
    """moto lacks the tags of scalable targets, which the AWS provider reads."""
    tags = _scaling_tags(self.applicationautoscaling_backend)
    return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})


def _tag_scaling(_: Any, self: Any) -> str:
    """moto lacks TagResource of scalable targets."""
    tags = _scaling_tags(self.applicationautoscaling_backend)
    tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
    return "{}"


def _untag_scaling(_: Any, self: Any) -> str:
    """moto lacks UntagResource of scalable targets."""
    tags = _scaling_tags(self.applicationautoscaling_backend).get(self._get_param("ResourceARN"), {})
    for key in self._get_param("TagKeys"):
        tags.pop(key, None)
    return "{}"


def patch_other_services() -> None:
    """Apply these patches."""
    patch(BaseResponse, "call_action")(_call_action)
    patch(ELBv2Backend, "describe_target_health")(_target_health)
    patch(LogGroup, "to_describe_dict")(_log_group)
    patch(LogsResponse, "filter_log_events")(_filter_log_events)
    patch(Parameter, "describe_response_object")(_parameter)
    patch(IAMPolicyStatement, "is_action_permitted")(_permitted)
    patch(Scaling, "list_tags_for_resource")(_list_scaling_tags)
    patch(Scaling, "tag_resource")(_tag_scaling)
    patch(Scaling, "untag_resource")(_untag_scaling)
