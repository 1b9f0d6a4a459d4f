"""The policy of `flask-on-aws review` as a policy pack: `pulumi preview --policy-pack policy-pack`."""

from flask_on_aws_cli.review.policy.crossguard import policies
from pulumi_policy import PolicyPack

if __name__ == "__main__":
    PolicyPack("flask-on-aws", policies())
