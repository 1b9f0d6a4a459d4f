"""Certificates. A local AWS issues them without anybody's proof; its load balancer presents its own."""

import time
from collections.abc import Mapping
from typing import Any

from ..base import MARK, Call, Json, Provider, key_values, present, unless_gone

_GONE = ("ResourceNotFoundException",)
# An endpoint that issues at all does so within a minute here.
_ISSUED_SECONDS, _POLL_SECONDS = 60, 0.25


def _client(call: Call) -> Any:
    return call.aws.client("acm")


def request(call: Call) -> str:
    given = call.inputs
    made = _client(call).request_certificate(
        DomainName=given["domainName"],
        Tags=key_values({**call.tags, MARK: call.name}),
        **present(
            ValidationMethod=given.get("validationMethod"),
            SubjectAlternativeNames=given.get("subjectAlternativeNames") or None,
        ),
    )
    return made["CertificateArn"]


def _describe(call: Call, arn: str) -> Json | None:
    found = unless_gone(_GONE, lambda: _client(call).describe_certificate(CertificateArn=arn))
    return found and found["Certificate"]


def read(call: Call) -> Json | None:
    found = _describe(call, call.id)
    if found is None:
        return None
    options = [_option(entry) for entry in found.get("DomainValidationOptions", [])]
    return {"id": call.id, "arn": call.id, "status": found["Status"], "domainValidationOptions": options}


def _option(entry: Json) -> dict[str, Any]:
    record = entry.get("ResourceRecord", {})
    return {
        "domainName": entry["DomainName"],
        "resourceRecordName": record.get("Name", ""),
        "resourceRecordType": record.get("Type", ""),
        "resourceRecordValue": record.get("Value", ""),
    }


def update(call: Call) -> None:
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        tags = [{"Key": key} for key in gone]
        _client(call).remove_tags_from_certificate(CertificateArn=call.id, Tags=tags)
    if call.tags:
        _client(call).add_tags_to_certificate(CertificateArn=call.id, Tags=key_values(call.tags))


def delete(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).delete_certificate(CertificateArn=call.id))


def find(call: Call) -> str | None:
    mark = {"Key": MARK, "Value": call.name}
    for entry in _client(call).list_certificates()["CertificateSummaryList"]:
        arn = entry["CertificateArn"]
        if mark in _client(call).list_tags_for_certificate(CertificateArn=arn)["Tags"]:
            return arn
    return None


def validate(call: Call) -> str:
    arn, end = call.inputs["certificateArn"], time.monotonic() + _ISSUED_SECONDS
    while (found := _describe(call, arn)) is None or found["Status"] != "ISSUED":
        if found is None or found["Status"] == "FAILED" or time.monotonic() > end:
            raise ValueError(f"the certificate is {found['Status'] if found else 'gone'}, not issued")
        time.sleep(_POLL_SECONDS)
    return arn


def read_validation(call: Call) -> Json | None:
    return {"id": call.id} if _describe(call, call.inputs["certificateArn"]) else None


def forget_validation(call: Call) -> None:
    """A validation is nothing but the wait for it."""


PROVIDERS: Mapping[str, Provider] = {
    "aws:acm/certificate:Certificate": Provider(
        create=request,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset({"domainName", "subjectAlternativeNames", "validationMethod"}),
        tagged=True,
    ),
    "aws:acm/certificateValidation:CertificateValidation": Provider(validate, read_validation, forget_validation),
}
