"""The library as a Pulumi package: `pulumi install` generates the SDK that this program imports, here for Python.

In TypeScript, Go, C#, Java or YAML it is the same: `pulumi package add <repository>/components`, then `FlaskApp`.
"""

import pulumi
import pulumi_flask_on_aws as flask_on_aws

config = pulumi.Config()

app = flask_on_aws.FlaskApp(
    "shop",
    image=config.require("image"),
    cpu=512,
    memory=1024,
    min_tasks=2,
    max_tasks=6,
    env={"GREETING": "hello"},
    secret_values={"PAYMENT_KEY": config.require_secret("paymentKey")},
    database_storage_gib=30,
)

pulumi.export("url", app.url)
pulumi.export("bucketName", app.bucket_name)
