"""ACM certificates. The local AWS issues them without validation; its load balancer presents its own certificate."""

import time
from collections.abc import Mapping
from typing import Any

from ..base import MARK, Call, Json, Provider, key_values, none_if_missing, present

_NOT_FOUND = ("ResourceNotFoundException",)
# An emulated AWS that issues certificates does so within a minute.
_ISSUED_SECONDS, _POLL_SECONDS = 60, 0.25


def _client(call: Call) -> Any:
    return call.aws.client("acm")


def request(call: Call) -> str:
    inputs = call.inputs
    response = _client(call).request_certificate(
        DomainName=inputs["domainName"],
        Tags=key_values({**call.tags, MARK: call.name}),
        **present(
            ValidationMethod=inputs.get("validationMethod"),
            SubjectAlternativeNames=inputs.get("subjectAlternativeNames") or None,
        ),
    )
    return response["CertificateArn"]


def _describe(call: Call, arn: str) -> Json | None:
    response = none_if_missing(_NOT_FOUND, lambda: _client(call).describe_certificate(CertificateArn=arn))
    return response and response["Certificate"]


def read(call: Call) -> Json | None:
    certificate = _describe(call, call.id)
    if certificate is None:
        return None
    options = [_validation_option(option) for option in certificate.get("DomainValidationOptions", [])]
    return {"id": call.id, "arn": call.id, "status": certificate["Status"], "domainValidationOptions": options}


def _validation_option(option: Json) -> dict[str, Any]:
    record = option.get("ResourceRecord", {})
    return {
        "domainName": option["DomainName"],
        "resourceRecordName": record.get("Name", ""),
        "resourceRecordType": record.get("Type", ""),
        "resourceRecordValue": record.get("Value", ""),
    }


def update(call: Call) -> None:
    if call.removed_tags:
        tags = [{"Key": key} for key in call.removed_tags]
        _client(call).remove_tags_from_certificate(CertificateArn=call.id, Tags=tags)
    if call.tags:
        _client(call).add_tags_to_certificate(CertificateArn=call.id, Tags=key_values(call.tags))


def delete(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_certificate(CertificateArn=call.id))


def find(call: Call) -> str | None:
    mark = {"Key": MARK, "Value": call.name}
    for entry in _client(call).list_certificates()["CertificateSummaryList"]:
        arn = entry["CertificateArn"]
        if mark in _client(call).list_tags_for_certificate(CertificateArn=arn)["Tags"]:
            return arn
    return None


def validate(call: Call) -> str:
    arn, deadline = call.inputs["certificateArn"], time.monotonic() + _ISSUED_SECONDS
    while (certificate := _describe(call, arn)) is None or certificate["Status"] != "ISSUED":
        if certificate is None:
            raise ValueError("the certificate was deleted before it was issued")
        if certificate["Status"] == "FAILED" or time.monotonic() > deadline:
            raise ValueError(f"the certificate was not issued; its status is {certificate['Status']}")
        time.sleep(_POLL_SECONDS)
    return arn


def read_validation(call: Call) -> Json | None:
    return {"id": call.id} if _describe(call, call.inputs["certificateArn"]) else None


def delete_validation(call: Call) -> None:
    """Does nothing: a validation is only the wait until the certificate is issued."""


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
    "aws:acm/certificateValidation:CertificateValidation": Provider(validate, read_validation, delete_validation),
}
