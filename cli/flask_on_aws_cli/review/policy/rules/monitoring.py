"""Rules about logs and alarms of CloudWatch."""

from ...model import Severity
from ..checks import at_least, is_set, must_be
from ..rule import Rule

_GROUP, _ALARM = ("cloudwatch/logGroup:LogGroup",), ("cloudwatch/metricAlarm:MetricAlarm",)
# FSBP's CloudWatch.16, checkov and payment card rules.
_LOG_DAYS = 365

RULES = (
    Rule(
        "logs-kept",
        Severity.LOW,
        "Logs are kept for a year",
        "Attacks are often noticed after months.",
        f"Set logRetentionDays to {_LOG_DAYS} or more.",
        _GROUP,
        at_least("retentionInDays", _LOG_DAYS, default=0),
        "CKV_AWS_66 CKV_AWS_338 CloudWatch.16",
        "logRetentionDays",
    ),
    Rule(
        "alarm-enabled",
        Severity.MEDIUM,
        "Alarms are enabled",
        "Nobody learns that the app is down.",
        "Set actionsEnabled to true.",
        _ALARM,
        must_be("actionsEnabled", True, default=True),
        "CKV_AWS_319 CloudWatch.17",
    ),
    Rule(
        "alarm-actions",
        Severity.LOW,
        "Alarms notify somebody",
        "Nobody learns that the app is down.",
        "Set alarmEmail, or alarmActions of the alarm.",
        _ALARM,
        is_set("alarmActions"),
        "CloudWatch.15",
        "alarmEmail",
    ),
)
