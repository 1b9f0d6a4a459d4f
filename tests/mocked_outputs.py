"""What AWS makes up for new resources of a Flask app, for programs under mocks."""

CLUSTER = {"endpoint": "writer.rds.amazonaws.com", "readerEndpoint": "reader.rds.amazonaws.com"}
# What AWS makes up for a new resource, as far as other resources use it.
COMPUTED = {
    "Repository": lambda args: {"repositoryUrl": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{args.name}"},
    "Image": lambda args: {"digest": "sha256:" + "1" * 64},
    "Vpc": lambda args: {"ipv6CidrBlock": "2600:1f00:1::/56"},
    "LoadBalancer": lambda args: {"dnsName": "alb.amazonaws.com", "zoneId": "ZALB", "arnSuffix": "app/alb/1"},
    "TargetGroup": lambda args: {"arnSuffix": "targetgroup/tg/1"},
    "Distribution": lambda args: {"domainName": "d1.cloudfront.net", "hostedZoneId": "ZCF"},
    "Instance": lambda args: {"address": "db.rds.amazonaws.com", "port": 5432, "identifier": args.name},
    "Cluster": lambda args: CLUSTER if args.typ == "aws:rds/cluster:Cluster" else {},
    "RandomPassword": lambda args: {"result": "p/w@" + args.name},
    "ReplicationGroup": lambda args: {
        "primaryEndpointAddress": "master.cache.amazonaws.com",
        "replicationGroupId": args.name,
    },
    "Queue": lambda args: {"url": f"https://sqs.us-east-1.amazonaws.com/123456789012/{args.name}"},
    "Stash": lambda args: {"output": args.inputs["input"]},
    "RandomId": lambda args: {"hex": "abcd"},
    "SecretVersion": lambda args: {"versionId": "v1"},
    "Certificate": lambda args: {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_v.{name}",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_v.acm",
            }
            for name in (args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", ()))
        ]
    },
}
