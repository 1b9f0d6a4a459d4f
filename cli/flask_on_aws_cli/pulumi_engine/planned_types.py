"""The resource types that the engine plans and does not create, each with the reason.

Each type that the library creates is listed here or in `providers`; `test_engine_planned_types.py` checks it.
"""

from collections.abc import Mapping

_INTERNET = "Tasks run on this machine and reach the internet through its network."
_DELIVERY = "No distribution runs locally, so there are no requests to log."
_MEDIA = "The local load balancer serves media files from the local bucket."
_ALARM = "An app on this machine does not need to alert anyone."
_GITHUB = "It is for GitHub's workflows, which do not deploy to this machine."
_IMAGE = "Images are environments or local containers, so they need no registry."
_WAF = "The local load balancer has no web application firewall."
_BUILT = "An environment on this machine or the Docker engine's image replaces the image that would be pushed."

PLANNED_TYPES: Mapping[str, str] = {
    "aws:budgets/budget:Budget": "A local AWS costs nothing.",
    "aws:cloudfront/distribution:Distribution": "The local load balancer serves the app; there are no edge locations.",
    "aws:cloudfront/function:Function": "No distribution runs locally, so nothing asks visitors for a password.",
    "aws:cloudfront/keyGroup:KeyGroup": _MEDIA,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _MEDIA,
    "aws:cloudfront/publicKey:PublicKey": _MEDIA,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _MEDIA,
    "aws:cloudwatch/eventRule:EventRule": _ALARM,
    "aws:cloudwatch/eventTarget:EventTarget": _ALARM,
    "aws:cloudwatch/logDelivery:LogDelivery": _DELIVERY,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _DELIVERY,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _DELIVERY,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _ALARM,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "It removes rules from a group that no local task uses.",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": _INTERNET,
    "aws:ec2/eip:Eip": _INTERNET,
    "aws:ec2/flowLog:FlowLog": "A local VPC is only a record, so it has no traffic to log.",
    "aws:ec2/internetGateway:InternetGateway": _INTERNET,
    "aws:ec2/natGateway:NatGateway": _INTERNET,
    "aws:ec2/route:Route": _INTERNET,
    "aws:ec2/routeTable:RouteTable": _INTERNET,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _INTERNET,
    "aws:ec2/vpcEndpoint:VpcEndpoint": "Tasks reach the local AWS directly.",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _IMAGE,
    "aws:ecr/repository:Repository": _IMAGE,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _GITHUB,
    "aws:iam/policy:Policy": _GITHUB,
    "aws:kms/key:Key": "Local data is not encrypted; only its owner can read its folder.",
    "aws:route53/record:Record": "This machine serves no DNS zone.",
    "aws:s3/bucketLogging:BucketLogging": "All requests to a local bucket come from its owner.",
    "aws:sns/topic:Topic": _ALARM,
    "aws:sns/topicPolicy:TopicPolicy": _ALARM,
    "aws:sns/topicSubscription:TopicSubscription": _ALARM,
    "aws:wafv2/ipSet:IpSet": _WAF,
    "aws:wafv2/webAcl:WebAcl": _WAF,
    "aws:wafv2/webAclAssociation:WebAclAssociation": _WAF,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _WAF,
    "pulumi:providers:aws": "It is a region for other resources, and nothing on AWS.",
    "docker-build:index:Image": _BUILT,
    "docker:index/image:Image": _BUILT,
}
"""Type token → why it is not created."""
