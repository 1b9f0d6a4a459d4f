"""The findings of the policy as SARIF 2.1.0, which GitHub's code scanning shows on the lines of a pull request.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from ..model import Finding, Report, Severity
from ..policy.rules import RULES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# By which GitHub sorts alerts; over 9 is critical, from 7 high, from 4 medium:
# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
_SCORES: Mapping[Severity, str] = {
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.0",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def as_sarif(report: Report) -> str:
    """All findings that are not waived, new ones and others: GitHub compares them with those of the target branch."""
    driver = {
        "name": "flask-on-aws review",
        "semanticVersion": version("flask-on-aws-cli"),
        "rules": [_rule(name) for name in RULES],
    }
    new = {id(finding) for finding in report.policy.new}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"flask-on-aws-review/{report.stack}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, id(finding) in new) for finding in report.policy.current],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.reason},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "precision": "high",
            "tags": ["security", *rule.covers.split()],
        },
    }


def _result(finding: Finding, is_new: bool) -> dict[str, Any]:
    identity = "\n".join((finding.rule, finding.urn, finding.property))
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.name}: {finding.message} {finding.reason} {finding.fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.file, "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(finding.line, 1)},
                },
                "logicalLocations": [{"name": finding.name, "fullyQualifiedName": finding.urn, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"resourceProperty/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "baselineState": "new" if is_new else "unchanged",
    }
