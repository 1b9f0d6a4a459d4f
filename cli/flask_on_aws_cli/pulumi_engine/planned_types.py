"""The types that the engine plans and does not create, each with the reason.

A type that the library creates is here or in `providers`; `test_engine_planned_types.py` checks that.
"""

from collections.abc import Mapping

_INTERNET = "Tasks run on this machine, whose own network leads to the internet."
_DELIVERY = "Nothing serves a distribution here, so it has no requests to log."
_ALARM = "Nobody is to be woken by an app on this machine."
_GITHUB = "It is for GitHub's workflows, which do not deploy to this machine."
_IMAGE = "Images are environments or local containers, so no registry stores any."
_BUILT = "The environment on this machine, or the Docker engine, stands for the image that a push would build."

PLANNED_TYPES: Mapping[str, str] = {
    "aws:budgets/budget:Budget": "Nothing is billed here.",
    "aws:cloudfront/distribution:Distribution": "The local load balancer serves the app; there are no edge locations.",
    "aws:cloudwatch/logDelivery:LogDelivery": _DELIVERY,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _DELIVERY,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _DELIVERY,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _ALARM,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "It takes the rules from a group that no local task is in.",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": _INTERNET,
    "aws:ec2/eip:Eip": _INTERNET,
    "aws:ec2/flowLog:FlowLog": "No packets of a VPC flow here, so there are none to log.",
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
    "aws:kms/key:Key": "What is stored here is not encrypted; its folder is private to its user.",
    "aws:route53/record:Record": "This machine serves no DNS zone.",
    "aws:s3/bucketLogging:BucketLogging": "Requests to a bucket on this machine are its owner's own.",
    "aws:sns/topic:Topic": _ALARM,
    "aws:sns/topicPolicy:TopicPolicy": _ALARM,
    "aws:sns/topicSubscription:TopicSubscription": _ALARM,
    "aws:wafv2/webAclAssociation:WebAclAssociation": "The local load balancer has no web application firewall.",
    "docker-build:index:Image": _BUILT,
    "docker:index/image:Image": _BUILT,
}
"""Type token → why it is not created."""
