"""Data sources: what a program reads from AWS before or alongside its resources.

Each has two answers: from the API, and, for a dry run without an account, from what is the same in every account. A dry
run's answer is None (all of it unknown) if only AWS knows it, or a text in parentheses if the SDK needs a value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..aws import DNS_SUFFIX, PARTITION, Aws
from ..model.errors import EngineError
from ..model.values import Secret

Args = Mapping[str, Any]
Answer = Mapping[str, Any] | None
Answers = Mapping[str, Callable[[Args], Answer]]

# The letters of a region's Availability Zones; every region has at least three.
_ZONES = "abc"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html and
# …/using-managed-origin-request-policies.html: the same in every account.
_CLOUDFRONT_POLICIES = {
    "Managed-CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "Managed-CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "Managed-AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
    "Managed-AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    "Managed-CORS-S3Origin": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
    "Managed-SecurityHeadersPolicy": "67f7725c-6f97-4210-82d7-5512b31e9d03",
}


def dry_answers(region: str) -> Answers:
    """Answers that need no account."""
    return {
        **_static_answers(region),
        "aws:index/getCallerIdentity:getCallerIdentity": lambda args: None,
        "aws:ec2/getManagedPrefixList:getManagedPrefixList": lambda args: None,
        "aws:ec2/getSubnet:getSubnet": lambda args: None,
        "aws:ec2/getSecurityGroups:getSecurityGroups": lambda args: None,
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": lambda args: None,
        "aws:ecr/getImage:getImage": lambda args: _not_found("image", args.get("imageTag")),
        "aws:ssm/getParametersByPath:getParametersByPath": lambda args: None,
        "aws:cloudwatch/getLogGroups:getLogGroups": lambda args: None,
        "aws:route53/getZone:getZone": _placeholder_zone,
        # As in an empty account: a secret of the program has no content yet.
        "aws:secretsmanager/getSecretVersions:getSecretVersions": lambda args: {"versions": [], "id": args["secretId"]},
    }


def live_answers(aws: Aws) -> Answers:
    """Answers from an AWS endpoint."""
    return {
        **_static_answers(aws.region),
        "aws:index/getCallerIdentity:getCallerIdentity": lambda args: _identity(aws),
        "aws:index/getAvailabilityZones:getAvailabilityZones": lambda args: _zones(aws),
        "aws:ec2/getManagedPrefixList:getManagedPrefixList": lambda args: _prefix_list(aws, args),
        "aws:ec2/getSubnet:getSubnet": lambda args: _subnet(aws, args),
        "aws:ec2/getSecurityGroups:getSecurityGroups": lambda args: _security_groups(aws, args),
        "aws:route53/getZone:getZone": lambda args: _zone(aws, args),
        "aws:ecr/getImage:getImage": lambda args: _image(aws, args),
        "aws:ssm/getParametersByPath:getParametersByPath": lambda args: _parameters(aws, args),
        "aws:secretsmanager/getSecretVersions:getSecretVersions": lambda args: _secret_versions(aws, args),
        "aws:secretsmanager/getSecretVersion:getSecretVersion": lambda args: _secret_content(aws, args),
        "aws:cloudwatch/getLogGroups:getLogGroups": lambda args: _log_groups(aws, args),
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": lambda args: {
            "id": aws.region,
            "userName": "AWS",
            "password": Secret("local"),  # no registry checks it
            "authorizationToken": Secret("QVdTOmxvY2Fs"),
            "proxyEndpoint": f"https://{aws.account_id}.dkr.ecr.{aws.region}.{DNS_SUFFIX}",
        },
    }


def answer(answers: Answers, token: str, args: Args) -> Answer:
    """Answer a data source.

    Raises:
        EngineError: if this engine does not support it, or it finds nothing.
    """
    function = answers.get(token)
    if function is None:
        raise EngineError(f"The data source {token} is not supported by this engine.")
    return function(args)


def _static_answers(region: str) -> dict[str, Callable[[Args], Answer]]:
    zones = [f"{region}{letter}" for letter in _ZONES]
    names = {"region": region, "name": region, "id": region, "endpoint": f"ec2.{region}.{DNS_SUFFIX}"}
    partition = {"partition": PARTITION, "dnsSuffix": DNS_SUFFIX, "id": PARTITION, "reverseDnsPrefix": "com.amazonaws"}
    return {
        "aws:index/getRegion:getRegion": lambda args: {**names, "description": region},
        "aws:index/getPartition:getPartition": lambda args: partition,
        "aws:index/getAvailabilityZones:getAvailabilityZones": lambda args: {"names": zones, "id": region},
        "aws:cloudfront/getCachePolicy:getCachePolicy": _policy,
        "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": _policy,
        "aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy": _policy,
    }


def _policy(args: Args) -> Answer:
    name = args.get("name")
    if name not in _CLOUDFRONT_POLICIES:
        return _not_found("CloudFront policy", name)
    return {"name": name, "id": _CLOUDFRONT_POLICIES[name]}


def _not_found(kind: str, name: Any) -> Answer:
    # The library recognizes the AWS provider's words "no matching".
    raise EngineError(f"There is no matching {kind} {name!r}.")


def _identity(aws: Aws) -> Answer:
    identity = aws.client("sts").get_caller_identity()
    account_id = identity["Account"]
    return {"accountId": account_id, "id": account_id, "arn": identity["Arn"], "userId": identity["UserId"]}


def _zones(aws: Aws) -> Answer:
    available = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = sorted((zone["ZoneName"], zone["ZoneId"]) for zone in available)
    return {"names": [name for name, _ in zones], "zoneIds": [zone_id for _, zone_id in zones], "id": aws.region}


def _subnet(aws: Aws, args: Args) -> Answer:
    subnet = aws.client("ec2").describe_subnets(SubnetIds=[args["id"]])["Subnets"][0]
    return {"id": args["id"], "availabilityZone": subnet["AvailabilityZone"], "vpcId": subnet["VpcId"]}


def _security_groups(aws: Aws, args: Args) -> Answer:
    filters = [{"Name": entry["name"], "Values": entry["values"]} for entry in args.get("filters") or ()]
    groups = aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    ids = sorted(group["GroupId"] for group in groups)
    return {"id": aws.region, "ids": ids, "vpcIds": [group["VpcId"] for group in groups]}


def _prefix_list(aws: Aws, args: Args) -> Answer:
    filters = [{"Name": "prefix-list-name", "Values": [args.get("name")]}]
    prefix_lists = aws.client("ec2").describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    matching = [entry for entry in prefix_lists if entry["PrefixListName"] == args.get("name")]
    if not matching:
        return _not_found("managed prefix list", args.get("name"))
    return {"id": matching[0]["PrefixListId"], "name": args.get("name"), "arn": matching[0]["PrefixListArn"]}


def _parameters(aws: Aws, args: Args) -> Answer:
    pages = aws.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=args["path"], WithDecryption=True)
    parameters = [parameter for page in pages for parameter in page["Parameters"]]
    arns = [parameter["ARN"] for parameter in parameters]
    names, values = [parameter["Name"] for parameter in parameters], [parameter["Value"] for parameter in parameters]
    return {"id": args["path"], "arns": arns, "names": names, "values": Secret(values)}


def _secret_versions(aws: Aws, args: Args) -> Answer:
    secret = aws.client("secretsmanager").list_secret_version_ids(SecretId=args["secretId"])
    versions = [
        {"versionId": version["VersionId"], "versionStages": version.get("VersionStages", [])}
        for version in secret["Versions"]
    ]
    return {"id": args["secretId"], "arn": secret["ARN"], "name": secret["Name"], "versions": versions}


def _secret_content(aws: Aws, args: Args) -> Answer:
    version = aws.client("secretsmanager").get_secret_value(SecretId=args["secretId"])
    content = {"secretId": args["secretId"], "secretString": Secret(version.get("SecretString", ""))}
    return {"id": version["ARN"], "arn": version["ARN"], "versionId": version["VersionId"], **content}


def _log_groups(aws: Aws, args: Args) -> Answer:
    prefix = args["logGroupNamePrefix"]
    pages = aws.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    groups = [group for page in pages for group in page["logGroups"]]
    arns = [group["arn"].removesuffix(":*") for group in groups]
    return {
        "id": aws.region,
        "arns": arns,
        "logGroupNames": [group["logGroupName"] for group in groups],
        "logGroupNamePrefix": prefix,
    }


def _zone(aws: Aws, args: Args) -> Answer:
    name = str(args.get("name", "")).rstrip(".")
    for zone in aws.client("route53").list_hosted_zones()["HostedZones"]:
        if zone["Name"].rstrip(".") == name and not zone["Config"].get("PrivateZone"):
            zone_id = zone["Id"].rpartition("/")[2]
            return {"zoneId": zone_id, "id": zone_id, "name": name, "arn": f"arn:aws:route53:::hostedzone/{zone_id}"}
    return _not_found("public hosted zone", name)


def _placeholder_zone(args: Args) -> Answer:
    placeholder = f"(zone of {args.get('name')})"  # the library reads plain values, which cannot be unknown
    return {"zoneId": placeholder, "id": placeholder, "name": args.get("name")}


def _image(aws: Aws, args: Args) -> Answer:
    ecr = aws.client("ecr")
    try:
        images = ecr.describe_images(repositoryName=args["repositoryName"], imageIds=[{"imageTag": args["imageTag"]}])
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return _not_found("image", f"{args['repositoryName']}:{args['imageTag']}")
    digest = images["imageDetails"][0]["imageDigest"]
    return {"id": digest, "imageDigest": digest, "repositoryName": args["repositoryName"]}
