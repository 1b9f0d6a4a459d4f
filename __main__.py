"""The program: settings → the app and all that it needs → outputs."""

import gc

import pulumi
from flask_on_aws import FlaskApp
from flask_on_aws.fixed_settings import FixedSettings

import settings

# The modules of pulumi_aws are hundreds of thousands of objects that are never garbage. Without this, Python's
# collector goes through them again and again: a third of the program's time (benchmarks/program_time.py).
gc.freeze()

stack = settings.load(pulumi.Config(), pulumi.get_project(), pulumi.get_stack())
with settings.named():
    fixed = FixedSettings("settings", {"name": stack.name})
    app = FlaskApp(stack.name, stack.app, pulumi.ResourceOptions(depends_on=fixed.passed))

pulumi.export("url", app.url)
pulumi.export("hostname", app.hostname)
pulumi.export("dnsRecords", app.dns_records)
pulumi.export("loadBalancerDnsName", app.load_balancer_dns_name)
pulumi.export("imageUri", app.image_uri)
pulumi.export("clusterName", app.cluster_name)
pulumi.export("serviceName", app.service_name)
pulumi.export("taskDefinitionArn", app.task_definition_arn)
pulumi.export("logGroupName", app.log_group_name)
pulumi.export("secretArn", app.secret_arn)
pulumi.export("databaseHost", app.database_host)
pulumi.export("bucketName", app.bucket_name)
pulumi.export("vpcId", app.vpc_id)
pulumi.export("kmsKeyArn", app.kms_key_arn)
if app.basic_auth:
    pulumi.export("basicAuthPassword", app.basic_auth_password)
    pulumi.export("basicAuthCommand", "pulumi stack output basicAuthPassword --show-secrets")
