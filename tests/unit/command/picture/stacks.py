"""Resources for tests of pictures: by hand, and those that the app registers under mocks."""

from flask_on_aws_cli.picture import Resource
from flask_on_aws_cli.pulumi_engine.model.values import from_json, plain

from tests.mocked_outputs import COMPUTED


def resource(kind, name, /, **inputs):
    """A resource of AWS, such as `resource("ec2/vpc:Vpc", "network", cidrBlock="10.0.0.0/16")`."""
    return Resource(f"urn:pulumi:prod::shop::aws:{kind}::{name}", f"aws:{kind}", name, inputs)


def reference(kind, name, output="id"):
    return f"${{{kind} {name}.{output}}}"


def registered(deployed):
    """What a program registered under mocks, with the outputs that these made up."""
    return [_drawn(each) for each in deployed.resources if each.custom]


def _drawn(each):
    computed = COMPUTED.get(each.typ.rpartition(":")[2], lambda args: {})(each)
    outputs = {"id": f"{each.name}-id", "arn": f"arn:aws:mock:us-east-1:123456789012:{each.name}", **computed}
    inputs = plain(from_json(each.inputs))
    return Resource(f"urn:pulumi:test::app::{each.typ}::{each.name}", each.typ, each.name, inputs, outputs)


def network(zones=2):
    """A VPC with a public and a private subnet in each zone, and what makes the public ones public."""
    vpc = reference("Vpc", "net")
    yield resource("ec2/vpc:Vpc", "net", cidrBlock="10.0.0.0/16")
    yield resource("ec2/internetGateway:InternetGateway", "gateway", vpcId=vpc)
    yield resource("ec2/routeTable:RouteTable", "routes", vpcId=vpc)
    yield resource(
        "ec2/route:Route",
        "default",
        routeTableId=reference("RouteTable", "routes"),
        gatewayId=reference("InternetGateway", "gateway"),
    )
    for index in range(zones):
        zone = f"us-east-1{'abc'[index]}"
        for role in ("public", "private"):
            block = f"10.0.{index}{int(role == 'public')}.0/24"
            yield resource("ec2/subnet:Subnet", f"{role}-{index}", vpcId=vpc, availabilityZone=zone, cidrBlock=block)
        yield resource(
            "ec2/routeTableAssociation:RouteTableAssociation",
            f"association-{index}",
            subnetId=reference("Subnet", f"public-{index}"),
            routeTableId=reference("RouteTable", "routes"),
        )


def subnets(role, *indexes):
    return [reference("Subnet", f"{role}-{index}") for index in indexes or (0, 1)]


def group(name, **rules):
    return resource("ec2/securityGroup:SecurityGroup", name, vpcId=reference("Vpc", "net"), **rules)


def ingress(name, to, source="", port=443, **fields):
    source = {"referencedSecurityGroupId": reference("SecurityGroup", source)} if source else fields
    return resource(
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        name,
        securityGroupId=reference("SecurityGroup", to),
        fromPort=port,
        toPort=port,
        ipProtocol="tcp",
        **source,
    )


def service(name, groups=("tasks",), public=True, definition="", **inputs):
    configuration = {
        "subnets": subnets("public" if public else "private"),
        "securityGroups": [reference("SecurityGroup", each) for each in groups],
        "assignPublicIp": public,
    }
    return resource(
        "ecs/service:Service",
        name,
        networkConfiguration=configuration,
        taskDefinition=f"arn:aws:ecs:us-east-1:1:taskdefinition/{reference('TaskDefinition', definition or name)}",
        **inputs,
    )
