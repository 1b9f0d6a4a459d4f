"""Answers of other services that ordinary clients of a running app need."""

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
    """A call that moto lacks is rejected at once and by name, not with a 500, which clients repeat for minutes."""
    try:
        return original(self)
    except NotImplementedError as lack:
        # moto finds the service, and with it the protocol of the answer, by the exception's module.
        kind = type("NotImplemented", (ServiceException,), {"__module__": type(self).__module__})
        _, headers, body = self.serialized(ActionResult(kind("NotImplemented", f"The local AWS lacks this: {lack}")))
        return 400, headers, body


def _log_group(original: Any, self: Any) -> dict[str, Any]:
    """moto leaves out the class of a log group, without which the AWS provider replaces the group."""
    return {"logGroupClass": "STANDARD", **original(self)}


def _filter_log_events(original: Any, self: Any) -> Any:
    """moto ignores FilterLogEvents' prefix of streams."""
    prefix, group = self._get_param("logStreamNamePrefix"), self._get_param("logGroupName")
    known = self.logs_backend.groups.get(group)
    if not prefix or known is None:
        return original(self)
    names = [name for name in known.streams if name.startswith(prefix)]
    if not names:
        return json.dumps({"events": [], "searchedLogStreams": []})
    self.body = json.dumps({**json.loads(self.body), "logStreamNames": names})
    return original(self)


def _parameter(original: Any, self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Who wrote a parameter is an ARN, for which moto says N/A."""
    return {**original(self, *args, **kwargs), "LastModifiedUser": f"arn:aws:iam::{self.account_id}:root"}


def _permitted(original: Any, self: Any, *args: Any, **kwargs: Any) -> PermissionResult:
    """moto takes a statement that denies requests without TLS to deny all; loopback stands for AWS's HTTPS."""
    statement = self._statement
    if statement.get("Effect") == "Deny" and "aws:SecureTransport" in json.dumps(statement.get("Condition", {})):
        return PermissionResult.NEUTRAL
    return original(self, *args, **kwargs)


def _target_health(original: Any, self: Any, group_arn: str, targets: list[dict[str, Any]]) -> Any:
    """The health of targets is what the load balancer's probes found, where moto makes it up."""
    group = self.target_groups.get(group_arn)
    found: dict[tuple[str, int], Any] | None = getattr(group, "local_health", None)
    if found is None:
        return original(self, group_arn, targets)
    asked = [(one["Id"], int(one.get("Port") or group.port)) for one in targets] or list(found)
    unused = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
    told = [(key, *found.get(key, unused)) for key in asked]
    return [FakeHealthStatus(key[0], str(key[1]), str(key[1]), *health) for key, *health in told]


def _scaling_tags(backend: Any) -> dict[str, dict[str, str]]:
    held = cast(dict[str, Any], vars(backend))
    return held.setdefault("local_tags", {})


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


def patch_others() -> None:
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
