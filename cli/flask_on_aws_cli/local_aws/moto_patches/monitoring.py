"""Budgets, saved log queries and composite alarms, which moto supports only in part."""

import json
import uuid
from typing import Any

from moto.budgets.responses import BudgetsResponse
from moto.cloudwatch.responses import CloudWatchResponse
from moto.logs.responses import LogsResponse

from ._patch import patch


def _budget(self: Any, name: str) -> Any:
    return self.backend.budgets[self._get_param("AccountId")][name]


def _update_budget(_: Any, self: Any) -> str:
    """moto lacks UpdateBudget, which changes a budget's limit, filters and period."""
    new = self._get_param("NewBudget")
    _budget(self, new["BudgetName"]).budget.update(new)
    return "{}"


def _budget_tags(_: Any, self: Any) -> str:
    """moto lacks ListTagsForResource of AWS Budgets, which the AWS provider calls."""
    return json.dumps({"ResourceTags": []})


def _subscribers(_: Any, self: Any) -> str:
    """moto lacks DescribeSubscribersForNotification, which the AWS provider calls.

    Either of the two notifications may omit settings that have a default.
    """
    requested = self._get_param("Notification").items()
    for notification in _budget(self, self._get_param("BudgetName")).notifications:
        recorded = notification.details.items()
        if recorded <= requested or requested <= recorded:
            return json.dumps({"Subscribers": notification.subscribers})
    return json.dumps({"Subscribers": []})


def _queries(self: Any) -> dict[str, dict[str, Any]]:
    attributes: dict[str, Any] = self.logs_backend.__dict__
    return attributes.setdefault("local_queries", {})


def _put_query(_: Any, self: Any) -> str:
    """moto lacks PutQueryDefinition, which creates and changes a saved query."""
    identifier = self._get_param("queryDefinitionId") or str(uuid.uuid4())
    definition = {name: self._get_param(name) for name in ("name", "queryString", "logGroupNames")}
    _queries(self)[identifier] = {**definition, "queryDefinitionId": identifier}
    return json.dumps({"queryDefinitionId": identifier})


def _describe_queries(_: Any, self: Any) -> str:
    """moto lacks DescribeQueryDefinitions, which returns saved queries."""
    return json.dumps({"queryDefinitions": list(_queries(self).values())})


def _delete_query(_: Any, self: Any) -> str:
    """moto lacks DeleteQueryDefinition, which deletes a saved query."""
    return json.dumps({"success": _queries(self).pop(self._get_param("queryDefinitionId"), None) is not None})


def _put_composite_alarm(_: Any, self: Any) -> Any:
    """moto lacks PutCompositeAlarm.

    Its PutMetricAlarm accepts a rule as well, by which DescribeAlarms recognizes composite alarms.
    """
    return self.put_metric_alarm()


def patch_monitoring() -> None:
    """Apply these patches."""
    patch(BudgetsResponse, "update_budget")(_update_budget)
    patch(BudgetsResponse, "list_tags_for_resource")(_budget_tags)
    patch(BudgetsResponse, "describe_subscribers_for_notification")(_subscribers)
    patch(LogsResponse, "put_query_definition")(_put_query)
    patch(LogsResponse, "describe_query_definitions")(_describe_queries)
    patch(LogsResponse, "delete_query_definition")(_delete_query)
    patch(CloudWatchResponse, "put_composite_alarm")(_put_composite_alarm)
