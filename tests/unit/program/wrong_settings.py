# ruff: noqa: E501 (a sentence is one line)
"""Configurations that are wrong, each with every line that an operator gets: a row for each kind of mistake."""

from pathlib import Path
from typing import Any

from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs

from tests.setting_values import PUBLIC_KEY, SERVICE_KINDS

ROOT = Path(__file__).parents[3]
# Complete and right: what a row changes of them is what is wrong. vpcCidr and zones are unset, as a VPC brings its own.
VPC = {
    "vpcCidr": "",
    "zones": "",
    "vpcId": "vpc-1",
    "publicSubnetIds": ["subnet-1", "subnet-2"],
    "privateSubnetIds": ["subnet-3", "subnet-4"],
}
SHARED = {
    "listenerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/1a/2b",
    "loadBalancerSecurityGroupId": "sg-1b",
    "loadBalancerDnsName": "shared-1.us-east-1.elb.amazonaws.com",
    "loadBalancerZoneId": "Z35SXDOTRQ7X7K",
    "loadBalancerArnSuffix": "app/shared/1a",
    "domain": "shop.example.com",
    "dns": "external",
    "vpcCidr": "",
    "zones": "",
    "vpcId": "vpc-1",
    "publicSubnetIds": ["subnet-1", "subnet-2"],
    "privateSubnetIds": ["subnet-3", "subnet-4"],
}
AURORA = {"database": "aurora-postgres"}
SQLSERVER = {"database": "sqlserver"}
URL_SECRET = {"databaseUrlSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf:url::"}
SERVER = {
    "databaseHost": "db.example.com",
    "databaseServerSecurityGroupId": "sg-5e",
    "databaseServerSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:server-AbCdEf",
}

WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/12345678-1234-1234-1234-123456789012"
GLOBAL_WEB_ACL = WEB_ACL.replace("regional", "global")
SIGNED = {
    "mediaCdn": "signed",
    "mediaCdnPublicKeys": [PUBLIC_KEY],
    "mediaCdnPrivateKeySecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:media-AbCdEf",
}
CDN = {"domain": "shop.example.com", "cdn": True}
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "App"}, ["name: 'App' must be lower-case letters, digits and single hyphens, and start with a letter."]),
    (
        {"name": "a-name-far-too-long-for-a-load-balancer"},
        [
            "name: 'a-name-far-too-long-for-a-load-balancer' has 39 characters; use at most 20, since AWS allows 32 for a load balancer's name, its suffix included."
        ],
    ),
    ({"name": "internal-shop"}, ["name: 'internal-shop' starts with a prefix that AWS reserves; choose another name."]),
    (
        {"name": "shop--a"},
        ["name: 'shop--a' must be lower-case letters, digits and single hyphens, and start with a letter."],
    ),
    ({"environment": "live"}, ["environment: 'live' is not one of development, staging, production."]),
    (
        {"app": "no/such/folder"},
        [
            f"app: 'no/such/folder' is not a folder (looked for '{ROOT}/no/such/folder'); give the path of the app's folder, absolute or relative to the Pulumi program, or a ready reference as `image`."
        ],
    ),
    (
        {"dockerfile": "Dockerfile.none"},
        [
            "dockerfile: there is no file 'Dockerfile.none' in 'app_template'; write one, or give the path of yours within that folder."
        ],
    ),
    ({"dockerfileTarget": "prod"}, ["dockerfileTarget: Dockerfile has no stage 'prod'; it has: build."]),
    (
        {"image": "shop", "dockerfileTarget": "web"},
        ["dockerfileTarget: 'web' has no effect with image; nothing is built; leave one of them out."],
    ),
    (
        {"image": "Shop Image"},
        [
            "image: 'Shop Image' is not the reference of an image, like registry.example.com/shop:1.2, of at most 255 characters."
        ],
    ),
    (
        {"image": "shop", "preflight": "always"},
        ["preflight: 'always' has no effect with image; only an app that is built here is tried."],
    ),
    (
        {"image": "shop", "pythonVersion": "3.12"},
        ["pythonVersion: '3.12' has no effect with image; nothing is built; leave one of them out."],
    ),
    (
        {"image": "shop", "buildEnv": {"A": "1"}},
        ["buildEnv: {'A': '1'} has no effect with image; nothing is built; leave one of them out."],
    ),
    ({"pythonVersion": "2.7"}, ["pythonVersion: '2.7' has no effect on an app with a Dockerfile; set it there."]),
    ({"systemPackages": "curl"}, ["systemPackages: 'curl' must be a list, like [a, b]."]),
    (
        {"systemPackages": ["Lib!"]},
        ["systemPackages: ['Lib!'] has no effect on an app with a Dockerfile; set it there."],
    ),
    (
        {"buildCommand": "flask digest compile"},
        ["buildCommand: 'flask digest compile' has no effect on an app with a Dockerfile; set it there."],
    ),
    (
        {"image": "shop", "buildCommand": "make"},
        ["buildCommand: 'make' has no effect with image; nothing is built; leave one of them out."],
    ),
    (
        {"app": "tests/apps/node", "assetsFolder": "frontend"},
        [
            "assetsFolder: 'frontend' has no package.json in the app's folder; set it to a folder that has one, or to none."
        ],
    ),
    ({"builder": "podman"}, ["builder: 'podman' is not one of docker-build, docker."]),
    ({"architecture": "sparc"}, ["architecture: 'sparc' is not one of x86_64, arm64."]),
    (
        {"buildEnv": {"A-B": "1"}},
        ["buildEnv.A-B: 'A-B' must be letters, digits and underscores, and not start with a digit."],
    ),
    ({"buildEnv": "FOO"}, ["buildEnv: 'FOO' must be names with values, like {NAME: value}."]),
    ({"imagesKept": 5}, ["imagesKept: 5 must be a whole number from 20 to 1000 images."]),
    ({"preflight": "sometimes"}, ["preflight: 'sometimes' is not one of auto, always, never."]),
    (
        {"repositoryName": "Shop"},
        ["repositoryName: 'Shop' must be 2 to 250 lower-case letters and digits, with single . _ - or / between them."],
    ),
    (
        {"buildSecrets": "token"},
        ["buildSecrets: must be names with values; set one with: pulumi config set --secret --path buildSecrets.NAME"],
    ),
    (
        {"buildSecrets": {"1X": "hunter2"}},
        ["buildSecrets.1X: '1X' must be letters, digits and underscores, and not start with a digit."],
    ),
    (
        {"domain": "not a domain"},
        [
            "domain: 'not a domain' is not a domain name: use lower-case letters, digits and hyphens in at least two parts of at most 63 characters, like app.example.com, without https:// and without a final dot."
        ],
    ),
    (
        {"domain": "https://shop.example.com"},
        [
            "domain: 'https://shop.example.com' is not a domain name: use lower-case letters, digits and hyphens in at least two parts of at most 63 characters, like app.example.com, without https:// and without a final dot."
        ],
    ),
    (
        {"domain": "shop"},
        [
            "domain: 'shop' is not a domain name: use lower-case letters, digits and hyphens in at least two parts of at most 63 characters, like app.example.com, without https:// and without a final dot."
        ],
    ),
    (
        {"domain": "bücher.example"},
        ["domain: 'bücher.example' has letters outside ASCII; write 'xn--bcher-kva.example'."],
    ),
    (
        {"domain": "*.example.com"},
        [
            "domain: '*.example.com' is a wildcard; use the host that people visit, and name the wildcard in `domainAliases`."
        ],
    ),
    (
        {"domain": "shop.example.com", "domainAliases": ["shop.example.com"]},
        ["domainAliases: 'shop.example.com' is named more than once; name it once."],
    ),
    (
        {"domainAliases": ["www.example.com"]},
        ["domainAliases: ['www.example.com'] has no effect without domain; set that, or leave it out."],
    ),
    (
        {"domainRedirects": ["www.example.com"]},
        ["domainRedirects: ['www.example.com'] has no effect without domain; set that, or leave it out."],
    ),
    (
        {"domain": "shop.example.com", "domainRedirects": ["shop.example.com"]},
        ["domainRedirects: 'shop.example.com' is the domain that requests are redirected to; leave it out."],
    ),
    (
        {"domain": "shop.example.com", "domainRedirects": ["*.example.com"]},
        [
            "domainRedirects: '*.example.com' includes 'shop.example.com', which would be redirected to itself; name each domain instead."
        ],
    ),
    (
        {
            "domain": "shop.example.com",
            "domainAliases": ["a.example.com"],
            "domainRedirects": ["a.example.com", "a.example.com"],
        },
        [
            "domainRedirects: 'a.example.com' is named more than once; name it once.",
            "domainRedirects: 'a.example.com' is in domainAliases as well; keep it in one of the two: aliases serve the app, redirects lead to domain.",
        ],
    ),
    (
        {"domain": "example.com", "domainAliases": ["a.example.net"], "domainRedirects": ["*.example.net"]},
        [
            "domainRedirects: '*.example.net' includes 'a.example.net' of domainAliases, which would then be redirected; name each domain instead."
        ],
    ),
    (
        {"domain": "example.com", "domainRedirects": [f"h{number}.example.com" for number in range(100)]},
        [
            "domainRedirects: a certificate has at most 100 domains, and domain, domainAliases and domainRedirects are 101; name fewer, or use wildcards."
        ],
    ),
    (
        {"domain": "shop.example.com", "domainRedirects": ["shop.example.org"]},
        [
            "domainRedirects: No public hosted zone in Route 53 is called shop.example.org or example.org, so 'shop.example.org' cannot be validated. Create one and delegate the domain to it; set zoneId if this program creates it; set dns to external if another provider answers for the domain; or use the ARN of an existing certificate."
        ],
    ),
    ({"domain": "shop.example.com", "dns": "cloudflare"}, ["dns: 'cloudflare' is not one of route53, external."]),
    ({"dns": "external"}, ["dns: 'external' has no effect without domain; set that, or leave it out."]),
    ({"dnsReady": True}, ["dnsReady: true has no effect without domain; set that, or leave it out."]),
    ({"dnsReady": "perhaps"}, ["dnsReady: 'perhaps' must be true or false."]),
    (
        {"domain": "shop.example.com", "dnsReady": True},
        ["dnsReady: true is for external DNS alone; leave it out, or set dns to external."],
    ),
    (
        {"domain": "shop.example.com", "dns": "external", "zoneId": "Z0123456789"},
        ["zoneId: 'Z0123456789' has no use with external DNS; leave it out, or set dns to route53."],
    ),
    ({"zoneId": "Z0123456789"}, ["zoneId: 'Z0123456789' has no effect without domain; set that, or leave it out."]),
    (
        {"domain": "shop.example.com", "zoneId": "example.com"},
        ["zoneId: 'example.com' is not the id of a hosted zone, like Z0123456789ABCDEFGHIJ."],
    ),
    (
        {"domain": "shop.example.com", "zoneId": "/hostedzone/Z0123456789"},
        ["zoneId: '/hostedzone/Z0123456789' is not the id of a hosted zone, like Z0123456789ABCDEFGHIJ."],
    ),
    (
        {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/4b1c"},
        [
            "certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/4b1c' has no effect without domain; set that, or leave it out."
        ],
    ),
    (
        {"domain": "shop.example.com", "certificateArn": "certificate"},
        [
            "certificateArn: 'certificate' is not the ARN of an ACM certificate, like arn:aws:acm:REGION:ACCOUNT:certificate/ID."
        ],
    ),
    (
        {"domain": "shop.example.com", "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/4b1c"},
        [
            "certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/4b1c' is in eu-west-1; it must be in the stack's region, us-east-1."
        ],
    ),
    (
        {"domain": "shop.example.com", "certificateArn": "arn:aws:iam::123456789012:server-certificate/shop"},
        [
            "certificateArn: 'arn:aws:iam::123456789012:server-certificate/shop' is not the ARN of an ACM certificate, like arn:aws:acm:REGION:ACCOUNT:certificate/ID."
        ],
    ),
    (
        {"domain": "shop.example.com", "certificateArn": "arn:aws-cn:acm:us-east-1:123456789012:certificate/4b1c"},
        [
            "certificateArn: 'arn:aws-cn:acm:us-east-1:123456789012:certificate/4b1c' is in partition aws-cn, but us-east-1 is a region of aws."
        ],
    ),
    (
        {"domain": "shop.example.com", "certificateArn": "arn:aws:acm:us-east-1:1234:certificate/4b1c"},
        [
            "certificateArn: 'arn:aws:acm:us-east-1:1234:certificate/4b1c' is not the ARN of an ACM certificate, like arn:aws:acm:REGION:ACCOUNT:certificate/ID."
        ],
    ),
    ({"cdn": "cloudfront"}, ["cdn: 'cloudfront' must be true or false."]),
    ({"cdn": True}, ["cdn: true has no effect without domain; set that, or leave it out."]),
    (
        {**SHARED, "cdn": True},
        [
            "cdn: true has no effect with listenerArn; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {**CDN, "allowedCidrs": ["203.0.113.0/24"]},
        [
            "allowedCidrs: ['203.0.113.0/24'] has no effect on CloudFront without waf, since the load balancer there sees only CloudFront's addresses; set waf to count or block, or leave it out."
        ],
    ),
    (
        {**CDN, "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/4b1c"},
        [
            "certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/4b1c' is in eu-west-1, but CloudFront uses only certificates in us-east-1; request or import it there."
        ],
    ),
    (
        {**CDN, "cloudfrontOrigin": "public"},
        [
            "cloudfrontOrigin: 'public' does not work with cdn: CloudFront reaches the app of a domain through a VPC origin; use 'vpc'."
        ],
    ),
    (
        {**CDN, "domainAliases": [f"a{number}.example.com" for number in range(100)]},
        [
            "domainAliases: a certificate has at most 100 domains, and domain, domainAliases and domainRedirects are 101; name fewer, or use wildcards."
        ],
    ),
    ({"cdnCachedPaths": "/static/*"}, ["cdnCachedPaths: '/static/*' must be a list, like [a, b]."]),
    (
        {**CDN, "cdnCachedPaths": ["static/*"]},
        [
            "cdnCachedPaths: 'static/*' is not a path pattern of CloudFront, like /static/*: start with a slash, and use at most 255 letters, digits and characters of _ - . * $ / ~ \" ' @ : + & ?"
        ],
    ),
    (
        {"cdnCachedPaths": ["/*"]},
        ["cdnCachedPaths: '/*' would cache pages and reject forms; name the paths of static files, like /static/*."],
    ),
    (
        {"cdnCachedPaths": ["/static/*"], "domain": "shop.example.com"},
        ["cdnCachedPaths: ['/static/*'] has no effect without CloudFront; set cdn to true, or leave it out."],
    ),
    (
        {**CDN, "webAclArn": WEB_ACL},
        [
            f"webAclArn: '{WEB_ACL}' is of scope REGIONAL, but with cdn the app's requests enter through CloudFront; give one of scope CLOUDFRONT, like arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID."
        ],
    ),
    (
        {"domain": "shop.example.org"},
        [
            "domain: No public hosted zone in Route 53 is called shop.example.org or example.org, so 'shop.example.org' cannot be validated. Create one and delegate the domain to it; set zoneId if this program creates it; set dns to external if another provider answers for the domain; or use the ARN of an existing certificate."
        ],
    ),
    (
        {"domain": "shop.example.com", "domainAliases": ["shop.example.org"]},
        [
            "domainAliases: No public hosted zone in Route 53 is called shop.example.org or example.org, so 'shop.example.org' cannot be validated. Create one and delegate the domain to it; set zoneId if this program creates it; set dns to external if another provider answers for the domain; or use the ARN of an existing certificate."
        ],
    ),
    ({"vpcCidr": "10.0.0.0"}, ["vpcCidr: '10.0.0.0' is a /32; use a /16 to a /20."]),
    (
        {"vpcCidr": "10.0.0.1/16"},
        [
            "vpcCidr: '10.0.0.1/16' is not an address range in CIDR notation, like 203.0.113.0/24 (10.0.0.1/16 has host bits set)."
        ],
    ),
    (
        {"vpcCidr": "8.8.0.0/16"},
        ["vpcCidr: '8.8.0.0/16' is not private; use a range from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16."],
    ),
    ({"vpcCidr": "10.0.0.0/28"}, ["vpcCidr: '10.0.0.0/28' is a /28; use a /16 to a /20."]),
    ({"vpcCidr": "10.0.0.0/8"}, ["vpcCidr: '10.0.0.0/8' is a /8; use a /16 to a /20."]),
    (
        {"vpcCidr": "fd00::/56"},
        ["vpcCidr: 'fd00::/56' is not private; use a range from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16."],
    ),
    ({"zones": 1}, ["zones: 1 must be a whole number from 2 to 3."]),
    ({"zones": "two"}, ["zones: 'two' must be a whole number."]),
    ({"egress": "wlan"}, ["egress: 'wlan' is not one of public, ipv6, nat, nat-per-zone, endpoints."]),
    ({"flowLogs": "yes"}, ["flowLogs: 'yes' must be true or false."]),
    (
        {**VPC, "flowLogs": True},
        ["flowLogs: true has no effect with vpcId; an existing VPC is left as it is; leave it out."],
    ),
    ({**VPC, "vpcId": "my-vpc"}, ["vpcId: 'my-vpc' is not the id of a VPC, like vpc-0123456789abcdef0."]),
    (
        {**VPC, "publicSubnetIds": ["subnet-1"]},
        ["publicSubnetIds: ['subnet-1'] must be at least two subnets, in different zones."],
    ),
    (
        {**VPC, "publicSubnetIds": ["subnet-1", "subnet-1"]},
        ["publicSubnetIds: 'subnet-1' is named more than once; name it once."],
    ),
    (
        {**VPC, "privateSubnetIds": ["subnet-3"]},
        ["privateSubnetIds: ['subnet-3'] must be at least two subnets, in different zones."],
    ),
    (
        {**VPC, "publicSubnetIds": ["public", "subnet-1"]},
        ["publicSubnetIds: 'public' is not the id of a subnet, like subnet-0123456789abcdef0."],
    ),
    (
        {**VPC, "publicSubnetIds": "", "egress": "public"},
        ["publicSubnetIds: vpcId is given without public subnets; the load balancer needs two."],
    ),
    (
        {**VPC, "privateSubnetIds": "", "egress": "nat", "cloudfrontOrigin": "public"},
        [
            "privateSubnetIds: Egress 'nat' runs tasks in private subnets, and none are given; add them or set egress to 'public'."
        ],
    ),
    (
        {"publicSubnetIds": ["subnet-1", "subnet-2"]},
        ["publicSubnetIds: Subnets are given without vpcId; give the VPC that they are in, or leave them out."],
    ),
    (
        {**VPC, "vpcCidr": "10.1.0.0/16"},
        ["vpcCidr: '10.1.0.0/16' has no effect on an existing VPC; leave out vpcCidr or vpcId."],
    ),
    (
        {"database": "oracle"},
        [
            "database: 'oracle' is not one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, none."
        ],
    ),
    (
        {"databaseVersion": "9.6"},
        [
            "databaseVersion: '9.6' is not a version of PostgreSQL from 14 to 18, like 17 (the newest minor version) or 17.6."
        ],
    ),
    (
        {"databaseVersion": "latest"},
        [
            "databaseVersion: 'latest' is not a version of PostgreSQL from 14 to 18, like 17 (the newest minor version) or 17.6."
        ],
    ),
    (
        {"databaseInstanceClass": "db.t4g.huge"},
        [
            "databaseInstanceClass: 'db.t4g.huge' does not exist; db.t4g has the sizes micro, small, medium, large, xlarge, 2xlarge."
        ],
    ),
    (
        {"databaseInstanceClass": "t4g.micro"},
        [
            "databaseInstanceClass: 't4g.micro' is not an instance class of RDS for PostgreSQL, like db.t4g.micro; its families are m5, m5d, m6g, m6gd, m6i, m6id, m6idn, m6in, m7g, m7i, m8g, m8gd, r5, r5b, r5d, r6g, r6gd, r6i, r6id, r6idn, r6in, r7g, r7i, r8g, r8gd, t3, t4g, x2g, x2idn, x2iedn."
        ],
    ),
    (
        {"databaseInstanceClass": "db.t9.micro"},
        [
            "databaseInstanceClass: 'db.t9.micro' is not an instance class of RDS for PostgreSQL, like db.t4g.micro; its families are m5, m5d, m6g, m6gd, m6i, m6id, m6idn, m6in, m7g, m7i, m8g, m8gd, r5, r5b, r5d, r6g, r6gd, r6i, r6id, r6idn, r6in, r7g, r7i, r8g, r8gd, t3, t4g, x2g, x2idn, x2iedn."
        ],
    ),
    (
        {"database": "mysql", "databaseVersion": "17"},
        [
            "databaseVersion: '17' is not a version of MySQL among 8.4, like 8.4 (the newest minor version) or 8.4.7.",
        ],
    ),
    (
        {"database": "mariadb", "databaseVersion": "10.5"},
        [
            "databaseVersion: '10.5' is not a version of MariaDB among 10.11, 11.4, 11.8, like 11.4 (the newest minor version) or 11.4.8.",
        ],
    ),
    (
        {"database": "mysql", "databaseUsername": "an_owner_of_a_shop"},
        ["databaseUsername: 'an_owner_of_a_shop' has 18 characters; MySQL allows at most 16."],
    ),
    (
        {"database": "mysql", "databaseName": "order"},
        ["databaseName: 'order' is reserved by RDS or MySQL; choose another name, like app."],
    ),
    (
        {"database": "mysql", "databaseUrlScheme": "postgresql"},
        [
            "databaseUrlScheme: 'postgresql' is not a scheme of MySQL; use mysql, or one with a driver like mysql+pymysql."
        ],
    ),
    (
        {"database": "mariadb", "databaseUrlQuery": "?ssl_ca=/ca.pem"},
        [
            "databaseUrlQuery: '?ssl_ca=/ca.pem' is not the query of a URL, like ssl_ca=/etc/rds-ca/rds-ca-bundle.pem&connect_timeout=10."
        ],
    ),
    (
        {**SERVER, "database": "mysql"},
        [
            "databaseHost: only a PostgreSQL or SQL Server server can be shared, and database is mysql; leave it out, so that the app gets its own server."
        ],
    ),
    (
        {"database": "mysql", "env": {"MYSQL_HOST": "db"}},
        [
            "env.MYSQL_HOST: 'MYSQL_HOST' is set by the stack; choose another name, or list it in overrideEnv to replace its value."
        ],
    ),
    ({"databaseStorageGib": 10}, ["databaseStorageGib: 10 must be a whole number from 20 to 65536 GiB."]),
    (
        {"databaseStorageGib": 100},
        [
            "databaseMaxStorageGib: 100 is less than 10 % above databaseStorageGib 100; use at least 110, or 0 for storage that does not grow."
        ],
    ),
    (
        {"databaseMaxStorageGib": 21},
        [
            "databaseMaxStorageGib: 21 is less than 10 % above databaseStorageGib 20; use at least 22, or 0 for storage that does not grow."
        ],
    ),
    ({"databaseStorageGib": "lots"}, ["databaseStorageGib: 'lots' must be a whole number."]),
    (
        {"databaseName": "my-shop"},
        ["databaseName: 'my-shop' must be lower-case letters, digits and underscores, and start with a letter."],
    ),
    (
        {"databaseName": "user"},
        ["databaseName: 'user' is reserved by RDS or PostgreSQL; choose another name, like app."],
    ),
    (
        {"databaseUsername": "admin"},
        ["databaseUsername: 'admin' is reserved by RDS or PostgreSQL; choose another name, like app."],
    ),
    ({"databaseName": "x" * 64}, ["databaseName: '" + "x" * 64 + "' has 64 characters; PostgreSQL allows at most 63."]),
    ({"databaseBackupDays": 36}, ["databaseBackupDays: 36 must be a whole number from 0 to 35 days."]),
    ({"databaseBackupDays": "a week"}, ["databaseBackupDays: 'a week' must be a whole number."]),
    (
        {"databaseMonitoringInterval": 45},
        ["databaseMonitoringInterval: 45 is not one of 0, 1, 5, 10, 15, 30, 60 seconds."],
    ),
    ({"databaseMonitoringInterval": "1m"}, ["databaseMonitoringInterval: '1m' must be a whole number."]),
    (
        {**SHARED, **SERVER, "databaseMonitoringInterval": 30},
        [
            "databaseMonitoringInterval: 30 has no effect with databaseHost; the shared server is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {"database": "none", "databaseMonitoringInterval": 30},
        [
            "databaseMonitoringInterval: 30 has no effect with database none; set database to one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, or leave it out."
        ],
    ),
    ({"databaseBackupWindow": "3-4"}, ["databaseBackupWindow: '3-4' is not a daily window in UTC, like 03:00-04:00."]),
    (
        {"databaseBackupWindow": "03:00-03:15"},
        ["databaseBackupWindow: '03:00-03:15' lasts 15 minutes; use at least 30, RDS's minimum."],
    ),
    (
        {"databaseMaintenanceWindow": "sun:03:30-sun:04:30"},
        [
            "databaseMaintenanceWindow: 'sun:03:30-sun:04:30' overlaps the daily backup window 03:00-04:00; choose windows that do not overlap."
        ],
    ),
    (
        {"databaseMaintenanceWindow": "Sunday"},
        ["databaseMaintenanceWindow: 'Sunday' is not a weekly window in UTC, like sun:04:30-sun:05:30."],
    ),
    ({"databaseMultiAz": "both"}, ["databaseMultiAz: 'both' must be true or false."]),
    (
        {"databaseSnapshot": "-snap"},
        ["databaseSnapshot: '-snap' is neither the name nor the ARN of a snapshot of RDS, like app-before-2-0."],
    ),
    (
        {"database": "none", "databaseSnapshot": "snap"},
        [
            "databaseSnapshot: 'snap' has no effect with database none; set database to one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, or leave it out."
        ],
    ),
    (
        {"databaseUrlScheme": "mysql"},
        [
            "databaseUrlScheme: 'mysql' is not a scheme of PostgreSQL; use postgresql, postgres, or one with a driver like postgresql+psycopg."
        ],
    ),
    (
        {"databaseUrlScheme": "postgresql://"},
        [
            "databaseUrlScheme: 'postgresql://' is not a scheme of PostgreSQL; use postgresql, postgres, or one with a driver like postgresql+psycopg."
        ],
    ),
    (
        {"databaseUrlQuery": "?sslmode=require"},
        ["databaseUrlQuery: '?sslmode=require' is not the query of a URL, like sslmode=require&connect_timeout=10."],
    ),
    (
        {**SERVER, "database": "none"},
        [
            "databaseHost: 'db.example.com' has no effect with database none; set database to one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, or leave it out."
        ],
    ),
    (
        {"databaseMinCapacity": 2},
        [
            "databaseMinCapacity: 2 has no effect with database postgres; set database to aurora-postgres or aurora-mysql, or leave it out."
        ],
    ),
    (
        {**SQLSERVER, "databaseEdition": "developer"},
        ["databaseEdition: 'developer' is not one of express, web, standard, enterprise."],
    ),
    (
        {"databaseEdition": "standard"},
        ["databaseEdition: 'standard' has no effect on PostgreSQL, only on SQL Server; leave it out."],
    ),
    (
        {"database": "none", "databaseEdition": "standard"},
        ["databaseEdition: 'standard' has no effect with database none; set database to sqlserver, or leave it out."],
    ),
    (
        {**SHARED, **SERVER, **SQLSERVER, "databaseEdition": "web"},
        [
            "databaseEdition: 'web' has no effect with databaseHost; the shared server is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {**SQLSERVER, "databaseMultiAz": True},
        [
            "databaseMultiAz: true cannot work: SQL Server Express has no standby; use the edition standard or enterprise, or false here."
        ],
    ),
    (
        {**SQLSERVER, "databaseInstanceClass": "db.t4g.micro"},
        [
            "databaseInstanceClass: 'db.t4g.micro' is not an instance class of SQL Server Express, like db.t3.small; its families are t3."
        ],
    ),
    (
        {**SQLSERVER, "databaseEdition": "standard", "databaseInstanceClass": "db.t3.small"},
        [
            "databaseInstanceClass: 'db.t3.small' is not an instance class of SQL Server Standard; db.t3 has the sizes xlarge, 2xlarge."
        ],
    ),
    (
        {**SQLSERVER, "databaseVersion": "2022"},
        [
            "databaseVersion: '2022' is not a version of SQL Server Express among 15.00, 16.00, like 16.00 (the newest minor version) or 16.00.4236.2.v1."
        ],
    ),
    (
        {**SQLSERVER, "databaseStorageGib": 20000, "databaseMaxStorageGib": 0},
        ["databaseStorageGib: 20000 must be a whole number from 20 to 16384 GiB."],
    ),
    (
        {**SQLSERVER, "caCertificates": "image"},
        [
            "caCertificates: 'image' cannot work with database sqlserver, whose drivers need more files than the certificates; leave it out, so that a container writes them before the app starts."
        ],
    ),
    (
        {**SQLSERVER, "databaseUsername": "sa"},
        ["databaseUsername: 'sa' is reserved by RDS or SQL Server; choose another name, like app."],
    ),
    (
        {**SQLSERVER, "databaseName": "master"},
        ["databaseName: 'master' is reserved by RDS or SQL Server; choose another name, like app."],
    ),
    (
        {**SQLSERVER, "databaseUrlScheme": "mysql"},
        [
            "databaseUrlScheme: 'mysql' is not a scheme of SQL Server; use mssql+pymssql, mssql+mssqlpython, mssql+pyodbc or mssql+pytds."
        ],
    ),
    ({"databaseMaxCapacity": "lots"}, ["databaseMaxCapacity: 'lots' must be a number."]),
    (
        {**AURORA, "databaseMinCapacity": 0.7},
        [
            "databaseMinCapacity: 0.7 must be from 0 to 256 Aurora capacity units in half steps, like 0.5 or 8.",
        ],
    ),
    (
        {**AURORA, "databaseMinCapacity": 8},
        ["databaseMaxCapacity: 4 is less than databaseMinCapacity, 8; raise one or lower the other."],
    ),
    (
        {**AURORA, "databaseVersion": "16.2"},
        [
            "databaseMinCapacity: 0 pauses an idle cluster, which Aurora PostgreSQL 16.2 cannot; use 0.5, or databaseVersion 16.3 or newer."
        ],
    ),
    (
        {**AURORA, "databaseAutoPauseSeconds": 60},
        ["databaseAutoPauseSeconds: 60 must be a whole number from 300 to 86400 seconds."],
    ),
    (
        {**AURORA, "environment": "production", "databaseAutoPauseSeconds": 600},
        [
            "databaseAutoPauseSeconds: 600 has no effect with databaseMinCapacity 0.5: only a cluster with databaseMinCapacity 0 pauses. Set that to 0, or leave this out."
        ],
    ),
    ({**AURORA, "databaseBackupDays": 0}, ["databaseBackupDays: 0 must be a whole number from 1 to 35 days."]),
    (
        {**AURORA, "databaseInstanceClass": "db.r7g.large", "databaseStorageGib": 100},
        [
            "databaseInstanceClass: 'db.r7g.large' has no effect with database aurora-postgres; set databaseMinCapacity and databaseMaxCapacity, or leave it out.",
            "databaseStorageGib: 100 has no effect with database aurora-postgres; Aurora's storage grows and shrinks by itself; leave it out.",
        ],
    ),
    (
        {**AURORA, "databaseSnapshot": "-snap"},
        [
            "databaseSnapshot: '-snap' is neither the name nor the ARN of a cluster's snapshot, like app-before-2-0, nor the ARN of an instance's."
        ],
    ),
    (
        {"database": "documentdb", "databaseInstanceClass": "db.t4g.micro", "databaseVersion": "3.6"},
        [
            "databaseVersion: '3.6' is not a version of DocumentDB among 4.0, 5.0, 8.0, like 5.0 or 5.0.0.",
            "databaseInstanceClass: 'db.t4g.micro' does not exist; db.t4g has the sizes medium.",
        ],
    ),
    (
        {"database": "documentdb", "databaseUsername": "shop_app", "databaseName": "admin"},
        [
            "databaseName: 'admin' is reserved by RDS or DocumentDB; choose another name, like app.",
            "databaseUsername: 'shop_app' has an underscore; DocumentDB allows only letters and digits in it.",
        ],
    ),
    (
        {
            "database": "documentdb",
            "databaseStorageGib": 50,
            "databaseMonitoringInterval": 30,
            "databaseMinCapacity": 2,
        },
        [
            "databaseStorageGib: 50 has no effect with database documentdb; DocumentDB's storage grows by itself; leave it out.",
            "databaseMonitoringInterval: 30 has no effect with database documentdb; DocumentDB has no Enhanced Monitoring; leave it out.",
            "databaseMinCapacity: 2 has no effect with database documentdb; set database to aurora-postgres or aurora-mysql, or leave it out.",
        ],
    ),
    (
        {"database": "documentdb", "databaseUrlScheme": "mongodb+srv"},
        ["databaseUrlScheme: 'mongodb+srv' is not a scheme of DocumentDB; use mongodb."],
    ),
    (
        {"database": "documentdb", "databaseBackupDays": 0},
        ["databaseBackupDays: 0 must be a whole number from 1 to 35 days."],
    ),
    (
        {**SERVER, "database": "documentdb"},
        [
            "databaseHost: only a PostgreSQL or SQL Server server can be shared, and database is documentdb; leave it out, so that the app gets its own server."
        ],
    ),
    (
        {**SERVER, **AURORA},
        [
            "databaseHost: only a PostgreSQL or SQL Server server can be shared, and database is aurora-postgres; leave it out, so that the app gets its own server."
        ],
    ),
    (
        {**URL_SECRET, "database": "postgres"},
        [
            "databaseUrlSecretArn: the app uses an existing database, and database postgres would create another one; set database to none, or leave it out."
        ],
    ),
    (
        {"databaseUrlSecretArn": "postgresql://shop:secret@db.example.com/shop"},
        [
            "databaseUrlSecretArn: must be the ARN of a secret or an SSM parameter; the value itself goes into secretValues."
        ],
    ),
    (
        {"databaseUrlSecretArn": "arn:aws:ssm:us-east-1:123456789012:parameter/url"},
        [
            "databaseUrlSecretArn: 'arn:aws:ssm:us-east-1:123456789012:parameter/url' is a parameter; put the URL into a secret of Secrets Manager."
        ],
    ),
    (
        {**URL_SECRET, "databaseUrlQuery": "sslmode=require"},
        [
            "databaseUrlQuery: 'sslmode=require' has no effect with databaseUrlSecretArn; the secret has the whole URL; leave it out."
        ],
    ),
    (
        {"databaseUrlKmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"},
        [
            "databaseUrlKmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012' has no effect without databaseUrlSecretArn; set that, or leave it out."
        ],
    ),
    (
        {**URL_SECRET, "databaseUrlKmsKeyId": "alias/shop"},
        [
            "databaseUrlKmsKeyId: 'alias/shop' is an alias, which not every service accepts; use the key's ARN, which `aws kms describe-key --key-id alias/shop` shows."
        ],
    ),
    (
        {**URL_SECRET, "env": {"DATABASE_URL": "sqlite://"}},
        [
            "env.DATABASE_URL: 'DATABASE_URL' is set by the stack; choose another name, or list it in overrideEnv to replace its value."
        ],
    ),
    (
        {"databaseHost": "db.example.com"},
        [
            "databaseServerSecurityGroupId: must be given with databaseHost, which shares an existing server.",
            "databaseServerSecretArn: must be given with databaseHost, which shares an existing server.",
        ],
    ),
    (
        {**SERVER, "databaseHost": "postgres://db.example.com:5432"},
        [
            "databaseHost: 'postgres://db.example.com:5432' is not a host name, like db.example.com; give it without scheme, port and path."
        ],
    ),
    ({**SERVER, "databasePort": 70000}, ["databasePort: 70000 must be a whole number from 1 to 65535."]),
    ({"databasePort": 5433}, ["databasePort: 5433 has no effect without databaseHost; set that, or leave it out."]),
    (
        {**SERVER, "databaseServerSecurityGroupId": "default"},
        ["databaseServerSecurityGroupId: 'default' is not the id of a security group, like sg-0123456789abcdef0."],
    ),
    (
        {**SERVER, "databaseServerSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/server"},
        [
            "databaseServerSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/server' is not the ARN of a secret with the six characters that Secrets Manager appends to its name, like arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf."
        ],
    ),
    (
        {**SERVER, "egress": "endpoints"},
        [
            "databaseSetupImage: 'public.ecr.aws/docker/library/postgres:17-alpine' is out of reach with egress endpoints; copy it to a repository in ECR and name that."
        ],
    ),
    (
        {**SERVER, "databaseSetupImage": "Post gres"},
        [
            "databaseSetupImage: 'Post gres' is not the reference of an image, like registry.example.com/shop:1.2, of at most 255 characters."
        ],
    ),
    (
        {"databaseServerSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:server-AbCdEf"},
        [
            "databaseServerSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:server-AbCdEf' has no effect without databaseHost; set that, or leave it out."
        ],
    ),
    (
        {"databaseSetupImage": "postgres:16"},
        ["databaseSetupImage: 'postgres:16' has no effect without databaseHost; set that, or leave it out."],
    ),
    ({"queue": "rabbitmq"}, ["queue: 'rabbitmq' is not one of sqs, none."]),
    ({"cache": "redis"}, ["cache: 'redis' is not one of valkey, none."]),
    ({"cache": "valkey", "cacheUse": "sessions"}, ["cacheUse: 'sessions' is not one of cache, queue."]),
    (
        {"cache": "valkey", "cacheVersion": "8"},
        ["cacheVersion: '8' is not a version of Valkey that ElastiCache has; use one of 7.2, 8.0, 8.1, 8.2, 9.0, 9.1."],
    ),
    (
        {"cache": "valkey", "cacheNodeType": "db.t4g.micro"},
        [
            "cacheNodeType: 'db.t4g.micro' is not a node type of ElastiCache for Valkey, like cache.t4g.micro; its "
            "families are c7gn, m5, m6g, m7g, r5, r6g, r7g, t3, t4g."
        ],
    ),
    (
        {"cache": "valkey", "cacheNodeType": "cache.t4g.large"},
        ["cacheNodeType: 'cache.t4g.large' does not exist; cache.t4g has the sizes micro, small, medium."],
    ),
    (
        {"cache": "valkey", "cacheReplicas": 6},
        ["cacheReplicas: 6 must be a whole number from 0 to 5."],
    ),
    ({"cache": "valkey", "cacheReplicas": "two"}, ["cacheReplicas: 'two' must be a whole number."]),
    (
        {"cache": "valkey", "cacheSnapshotDays": 36},
        ["cacheSnapshotDays: 36 must be a whole number from 0 to 35 days."],
    ),
    ({"cache": "valkey", "cacheSnapshotDays": "all"}, ["cacheSnapshotDays: 'all' must be a whole number."]),
    (
        {"cache": "valkey", "cacheSnapshot": "be fore"},
        ["cacheSnapshot: 'be fore' is not the name of an ElastiCache snapshot, like app-before-2-0."],
    ),
    (
        {"cache": "valkey", "cacheMaintenanceWindow": "04:30-05:30"},
        ["cacheMaintenanceWindow: '04:30-05:30' is not a weekly window in UTC, like sun:04:30-sun:05:30."],
    ),
    (
        {"cache": "valkey", "cacheMaintenanceWindow": "sun:04:30-sun:05:00"},
        ["cacheMaintenanceWindow: 'sun:04:30-sun:05:00' lasts 30 minutes; use at least 60, ElastiCache's minimum."],
    ),
    (
        {"cacheUse": "queue"},
        ["cacheUse: 'queue' has no effect with cache none; set cache to valkey, or leave it out."],
    ),
    (
        {"cacheReplicas": 1},
        ["cacheReplicas: 1 has no effect with cache none; set cache to valkey, or leave it out."],
    ),
    ({"bucket": "gcs"}, ["bucket: 'gcs' is not one of s3, none."]),
    (
        {"bucket": "none", "bucketVersioned": True},
        ["bucketVersioned: true has no effect with bucket none; set bucket to s3, or leave it out."],
    ),
    ({"bucketVersioned": "maybe"}, ["bucketVersioned: 'maybe' must be true or false."]),
    (
        {"allowedCidrs": ["203.0.113.5/24"], "domain": "shop.example.com"},
        [
            "allowedCidrs: '203.0.113.5/24' is not an address range in CIDR notation, like 203.0.113.0/24 (203.0.113.5/24 has host bits set)."
        ],
    ),
    (
        {"allowedCidrs": ["office"], "domain": "shop.example.com"},
        [
            "allowedCidrs: 'office' is not an address range in CIDR notation, like 203.0.113.0/24 ('office' does not appear to be an IPv4 or IPv6 network)."
        ],
    ),
    (
        {"allowedCidrs": ["203.0.113.0/24"]},
        [
            "allowedCidrs: ['203.0.113.0/24'] has no effect on CloudFront without waf, since the load balancer there sees only CloudFront's addresses; set waf to count or block, or leave it out."
        ],
    ),
    (
        {"allowedCidrs": ["2001:db8::/32"], "domain": "shop.example.com"},
        [
            "allowedCidrs: '2001:db8::/32' is a range of IPv6 addresses, and the load balancer has none without dualStack; leave it out."
        ],
    ),
    (
        {
            "allowedCidrs": ["2001:db8::/32"],
            "domain": "shop.example.com",
            "dualStack": True,
            "loadBalancerDualStack": False,
        },
        [
            "allowedCidrs: '2001:db8::/32' is a range of IPv6 addresses, and the load balancer has none without loadBalancerDualStack; leave it out."
        ],
    ),
    ({"dualStack": "both"}, ["dualStack: 'both' must be true or false."]),
    (
        {**SHARED, "dualStack": True},
        [
            "dualStack: true has no effect with listenerArn; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {"loadBalancerDualStack": True, "domain": "shop.example.com"},
        ["loadBalancerDualStack: true needs subnets with IPv6 addresses; set dualStack to true, or leave it out."],
    ),
    (
        {"loadBalancerDualStack": False},
        [
            "loadBalancerDualStack: false has no effect on CloudFront, which has IPv6 addresses of its own and reaches the load balancer over IPv4; leave it out."
        ],
    ),
    (
        {
            "dualStack": True,
            "vpcId": "vpc-0123456789abcdef0",
            "publicSubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
            "privateSubnetIds": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        },
        [
            "dualStack: true has no effect on CloudFront with vpcId: CloudFront has IPv6 addresses already, and an existing VPC is left as it is; leave it out."
        ],
    ),
    (
        {
            "dualStack": True,
            "domain": "shop.example.com",
            "vpcId": "vpc-0123456789abcdef0",
            "publicSubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        },
        [
            "publicSubnetIds: 'subnet-0123456789abcdef1' has no IPv6 block, which dualStack needs in every subnet of the load balancer; add one and a route for ::/0 to the internet gateway, or set dualStack to false."
        ],
    ),
    (
        {"allowedCidrs": ["203.0.113.0/24", "203.0.113.0/24"], "domain": "shop.example.com"},
        ["allowedCidrs: '203.0.113.0/24' is named more than once; name it once."],
    ),
    ({"desyncMitigation": "off"}, ["desyncMitigation: 'off' is not one of monitor, defensive, strictest."]),
    ({"mediaCdn": "private"}, ["mediaCdn: 'private' is not one of none, public, signed."]),
    (
        {"mediaCdn": "public", "bucket": "none"},
        ["mediaCdn: 'public' has no files to serve with bucket none; set bucket to s3, or leave it out."],
    ),
    (
        {"mediaCdn": "signed"},
        [
            "mediaCdnPublicKeys: must be given with mediaCdn signed: the public key, which the command `openssl rsa -in private.pem -pubout` writes.",
            "mediaCdnPrivateKeySecretArn: must be given with mediaCdn signed: the ARN of a secret with the private key.",
        ],
    ),
    (
        {**SIGNED, "mediaCdnPublicKeys": ["hunter2"]},
        [
            "mediaCdnPublicKeys[0]: is not a public key in PEM form that CloudFront accepts, an RSA key of 2048 bits or an ECDSA key of the curve P-256: `openssl genrsa -out private.pem 2048` creates a pair, and `openssl rsa -in private.pem -pubout` writes the public key."
        ],
    ),
    (
        {**SIGNED, "mediaCdnPublicKeys": [PUBLIC_KEY, "-----BEGIN RSA PRIVATE KEY-----\nhunter2"]},
        [
            "mediaCdnPublicKeys[1]: is a private key, which must not be in the stack's file: remove it there, create another pair, and give the public key, the output of `openssl rsa -in private.pem -pubout`."
        ],
    ),
    (
        {**SIGNED, "mediaCdnPrivateKeySecretArn": "-----BEGIN RSA PRIVATE KEY-----\nhunter2"},
        [
            "mediaCdnPrivateKeySecretArn: must be the ARN of a secret or an SSM parameter; put the private key into a secret of Secrets Manager."
        ],
    ),
    (
        {**SIGNED, "mediaCdn": "public"},
        [
            "mediaCdnPublicKeys: It has no effect with mediaCdn public; set that to signed, or leave it out.",
            "mediaCdnPrivateKeySecretArn: It has no effect with mediaCdn public; set that to signed, or leave it out.",
        ],
    ),
    (
        {"mediaCdnPath": "/files/"},
        ["mediaCdnPath: '/files/' has no effect with mediaCdn none; set that to public or signed, or leave it out."],
    ),
    (
        {"mediaCdn": "public", "mediaCdnPath": "files"},
        [
            "mediaCdnPath: 'files' is not a path like /media/: begin and end with a slash, and use at most 100 letters, digits and characters of . _ ~ - in between."
        ],
    ),
    (
        {"mediaCdn": "public", "cdnCachedPaths": ["/media/*"]},
        [
            "cdnCachedPaths: '/media/*' is the path of media files, which CloudFront caches already; leave it out.",
        ],
    ),
    (
        {"mediaCdn": "public", "cdnCachedPaths": [f"/{number}/*" for number in range(24)]},
        ["cdnCachedPaths: 24 are too many next to the path of media files; CloudFront allows 23."],
    ),
    (
        {**SIGNED, "env": {"MEDIA_PRIVATE_KEY": "hunter2", "MEDIA_URL": "https://cdn.example.com/"}},
        [
            "env.MEDIA_PRIVATE_KEY: 'MEDIA_PRIVATE_KEY' is set by the stack; choose another name, or list it in overrideEnv to replace its value.",
            "env.MEDIA_URL: 'MEDIA_URL' is set by the stack; choose another name, or list it in overrideEnv to replace its value.",
        ],
    ),
    (
        {"basicAuthUsername": "sta:ging"},
        ["basicAuthUsername: 'sta:ging' must be up to 64 letters, digits and the characters . _ @ -."],
    ),
    (
        {"basicAuthUsername": "staging", "domain": "shop.example.com"},
        [
            "basicAuthUsername: 'staging' works on CloudFront alone, since a load balancer cannot ask for a password; leave it out, and set allowedCidrs to your addresses."
        ],
    ),
    (
        {**SHARED, "basicAuthUsername": "staging"},
        [
            "basicAuthUsername: 'staging' works on CloudFront alone, since a load balancer cannot ask for a password; leave it out, and let the app ask for it."
        ],
    ),
    (
        {"allowedCidrs": []},
        ["allowedCidrs: An empty list allows no connections; leave allowedCidrs out to allow all."],
    ),
    (
        {"allowedCidrs": ["203.0.113.7"], "domain": "shop.example.com"},
        ["allowedCidrs: '203.0.113.7' is a single address; write it as the range '203.0.113.7/32'."],
    ),
    ({"waf": "on"}, ["waf: 'on' is not one of off, count, block."]),
    (
        {"waf": "count", "webAclArn": GLOBAL_WEB_ACL},
        ["waf: 'count' has no effect with webAclArn; requests pass one web ACL; leave one of them out."],
    ),
    (
        {**SHARED, "waf": "block"},
        [
            "waf: 'block' has no effect with listenerArn; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {"waf": "block", "wafRequestsPerFiveMinutes": 9},
        ["wafRequestsPerFiveMinutes: 9 must be a whole number from 10 to 2000000000."],
    ),
    (
        {"wafRequestsPerFiveMinutes": 100},
        ["wafRequestsPerFiveMinutes: 100 has no effect with waf off; set waf to count or block."],
    ),
    (
        {"wafRequestsPerFiveMinutes": 0},
        ["wafRequestsPerFiveMinutes: 0 has no effect with waf off; set waf to count or block."],
    ),
    ({"wafLogs": True}, ["wafLogs: true has no effect with waf off; set waf to count or block."]),
    (
        {"waf": "block", "allowedCidrs": ["0.0.0.0/0", "10.0.0.0/33"]},
        [
            "allowedCidrs: '0.0.0.0/0' allows every address; leave allowedCidrs out.",
            "allowedCidrs: '10.0.0.0/33' is not an address range in CIDR notation, like 203.0.113.0/24 ('10.0.0.0/33' does not appear to be an IPv4 or IPv6 network).",
        ],
    ),
    (
        {"webAclArn": "shop"},
        [
            "webAclArn: 'shop' is not the ARN of a web ACL of AWS WAF, like arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID."
        ],
    ),
    (
        {"webAclArn": WEB_ACL},
        [
            f"webAclArn: '{WEB_ACL}' is of scope REGIONAL, but without a domain the app's requests enter through CloudFront; give one of scope CLOUDFRONT, like arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID."
        ],
    ),
    (
        {"webAclArn": WEB_ACL, "domain": "shop.example.com", "dns": "external"},
        [
            f"webAclArn: '{WEB_ACL}' is of scope REGIONAL, but until dnsReady is true the app's requests enter through CloudFront; give one of scope CLOUDFRONT, like arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID."
        ],
    ),
    (
        {"webAclArn": GLOBAL_WEB_ACL, "domain": "shop.example.com", "dns": "external", "dnsReady": True},
        [
            f"webAclArn: '{GLOBAL_WEB_ACL}' is of scope CLOUDFRONT, but on its own domain the app's requests enter through the load balancer; give one of scope REGIONAL in the stack's region, like arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID."
        ],
    ),
    (
        {"webAclArn": GLOBAL_WEB_ACL.replace("us-east-1", "eu-west-1")},
        [
            f"webAclArn: '{GLOBAL_WEB_ACL.replace('us-east-1', 'eu-west-1')}' names eu-west-1, but all web ACLs of scope CLOUDFRONT are in us-east-1; copy the ARN that AWS shows."
        ],
    ),
    (
        {
            "webAclArn": WEB_ACL.replace("us-east-1", "eu-west-1"),
            "domain": "shop.example.com",
            "dns": "external",
            "dnsReady": True,
        },
        [
            f"webAclArn: '{WEB_ACL.replace('us-east-1', 'eu-west-1')}' is in eu-west-1; it must be in the stack's region, us-east-1."
        ],
    ),
    (
        {**SHARED, "webAclArn": WEB_ACL},
        [
            f"webAclArn: '{WEB_ACL}' has no effect with listenerArn; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    ({"accessLogs": "all"}, ["accessLogs: 'all' must be true or false."]),
    ({"deletionProtection": "on"}, ["deletionProtection: 'on' must be true or false."]),
    ({"keepData": "0"}, ["keepData: '0' must be true or false."]),
    (
        {"clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/shared"},
        ["clusterName: must be given together with clusterArn, or neither of them."],
    ),
    ({"clusterName": "shared"}, ["clusterName: must be given together with clusterArn, or neither of them."]),
    (
        {"clusterArn": "shared", "clusterName": "shared"},
        ["clusterArn: 'shared' is not the ARN of an ECS cluster, like arn:aws:ecs:REGION:ACCOUNT:cluster/NAME."],
    ),
    (
        {"clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/shared", "clusterName": "other"},
        ["clusterName: 'other' is not the cluster of clusterArn, which ends in its name."],
    ),
    (
        {"clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/shared", "clusterName": "shared"},
        [
            "clusterArn: 'arn:aws:ecs:eu-west-1:123456789012:cluster/shared' is in eu-west-1; it must be in the stack's region, us-east-1."
        ],
    ),
    (
        {
            "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/shared",
            "clusterName": "shared",
            "containerInsights": True,
        },
        [
            "containerInsights: true has no effect with clusterArn; the shared cluster is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {"listenerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/1a/2b"},
        [
            "domain: must be given with listenerArn, which shares an existing load balancer.",
            "vpcId: must be given with listenerArn, which shares an existing load balancer.",
            "loadBalancerSecurityGroupId: must be given with listenerArn, which shares an existing load balancer.",
            "loadBalancerDnsName: must be given with listenerArn, which shares an existing load balancer.",
            "loadBalancerZoneId: must be given with listenerArn, which shares an existing load balancer.",
            "loadBalancerArnSuffix: must be given with listenerArn, which shares an existing load balancer.",
        ],
    ),
    (
        {**SHARED, "listenerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shared/1a"},
        [
            "listenerArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shared/1a' is not the ARN of a listener of an application load balancer, like arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/ID."
        ],
    ),
    (
        {**SHARED, "loadBalancerArnSuffix": "app/other/9f"},
        ["loadBalancerArnSuffix: 'app/other/9f' is another load balancer than that of listenerArn."],
    ),
    (
        {**SHARED, "loadBalancerArnSuffix": "shared"},
        ["loadBalancerArnSuffix: 'shared' is not the end of a load balancer's ARN, like app/NAME/0123456789abcdef."],
    ),
    (
        {**SHARED, "loadBalancerZoneId": "us-east-1"},
        ["loadBalancerZoneId: 'us-east-1' is not the id of a hosted zone, like Z0123456789ABCDEFGHIJ."],
    ),
    (
        {**SHARED, "loadBalancerDnsName": "https://shared"},
        [
            "loadBalancerDnsName: 'https://shared' is not a host name, like db.example.com; give it without scheme, port and path."
        ],
    ),
    (
        {**SHARED, "loadBalancerSecurityGroupId": "shared"},
        ["loadBalancerSecurityGroupId: 'shared' is not the id of a security group, like sg-0123456789abcdef0."],
    ),
    ({**SHARED, "listenerPriority": 60000}, ["listenerPriority: 60000 must be a whole number from 1 to 50000."]),
    (
        {
            **SHARED,
            "listenerPriority": 50000,
            "domainAliases": ["a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"],
        },
        ["listenerPriority: 50000 is too high for 2 rules; use at most 49999."],
    ),
    (
        {**SHARED, "listenerPriority": 1, "domainRedirects": ["www.example.com"]},
        ["listenerPriority: 1 leaves no numbers before it for the redirects, which need 1; use at least 2."],
    ),
    ({**SHARED, "listenerPriority": 0}, ["listenerPriority: 0 must be a whole number from 1 to 50000."]),
    ({"listenerPriority": 7}, ["listenerPriority: 7 has no effect without listenerArn; set that, or leave it out."]),
    (
        {"listenerHasCertificate": True},
        ["listenerHasCertificate: true has no effect without listenerArn; set that, or leave it out."],
    ),
    (
        {
            **SHARED,
            "listenerHasCertificate": True,
            "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        },
        [
            "certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1' has no effect with "
            "listenerHasCertificate; the listener's own certificate is used; leave one of them out."
        ],
    ),
    (
        {**SHARED, "listenerPaths": ["shop"]},
        ["listenerPaths: 'shop' must start with a slash and have at most 128 characters without spaces."],
    ),
    ({**SHARED, "listenerPaths": ["/a", "/a"]}, ["listenerPaths: '/a' is named more than once; name it once."]),
    (
        {"listenerPaths": ["/shop/*"]},
        ["listenerPaths: ['/shop/*'] has no effect without listenerArn; set that, or leave it out."],
    ),
    (
        {**SHARED, "accessLogs": True, "bucket": "none"},
        [
            "accessLogs: true has no effect with listenerArn and bucket none; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    (
        {**SHARED, "allowedCidrs": ["203.0.113.0/24"]},
        [
            "allowedCidrs: ['203.0.113.0/24'] has no effect with listenerArn; the shared load balancer is set up by the stack that owns it; leave it out."
        ],
    ),
    ({"cpu": 300}, ["cpu: 300 is not a Fargate task size; choose one of 256, 512, 1024, 2048, 4096, 8192, 16384."]),
    ({"cpu": "many"}, ["cpu: 'many' must be a whole number."]),
    ({"memory": 700}, ["memory: 700 is not available with cpu 256; choose one of 512, 1024, 2048 MiB."]),
    (
        {"cpu": 1024, "memory": 1024},
        ["memory: 1024 is not available with cpu 1024; choose one of 2048, 3072, 4096, 5120, 6144, 7168, 8192 MiB."],
    ),
    (
        {"cpu": 16384, "memory": 30720, "architecture": "arm64"},
        [
            "memory: 30720 is not available with cpu 16384; choose one of 32768, 40960, 49152, 57344, 65536, 73728, 81920, 90112, 98304, 106496, 114688, 122880 MiB."
        ],
    ),
    ({"minTasks": -1}, ["minTasks: -1 must be a whole number from 0 to 5000."]),
    ({"minTasks": 5}, ["minTasks: 5 is more than maxTasks, 2; raise one or lower the other."]),
    ({"maxTasks": 0}, ["maxTasks: 0 is less than minTasks, 1; raise one or lower the other."]),
    ({"maxTasks": 5001}, ["maxTasks: 5001 must be a whole number from 0 to 5000."]),
    ({"minTasks": "1.5"}, ["minTasks: '1.5' must be a whole number."]),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ],
            "minTasks": 1,
        },
        ["minTasks: 1 has no effect with schedules; each schedule sets minTasks and maxTasks; set them there."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ],
            "maxTasks": 3,
        },
        ["maxTasks: 3 has no effect with schedules; each schedule sets minTasks and maxTasks; set them there."],
    ),
    ({"scaleCpuPercent": 101}, ["scaleCpuPercent: 101 must be a whole number from 0 to 100 percent."]),
    ({"scaleMemoryPercent": -1}, ["scaleMemoryPercent: -1 must be a whole number from 0 to 100 percent."]),
    ({"scaleRequestsPerMinute": "fast"}, ["scaleRequestsPerMinute: 'fast' must be a whole number."]),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timeZone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].timeZone: is not a key of a schedule; did you mean timezone?"],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 * * 1-5)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'cron(0 8 * * 1-5)' must have six fields (minutes, hours, day of month, month, day of week, year), like cron(0 8 ? * MON-FRI *); it has 5."
        ],
    ),
    (
        {
            "schedules": [
                {"name": "office", "schedule": "cron(a)", "minTasks": 2, "maxTasks": 4, "timezone": "Europe/Berlin"}
            ]
        },
        [
            "schedules[0].schedule: 'cron(a)' must have six fields (minutes, hours, day of month, month, day of week, year), like cron(0 8 ? * MON-FRI *); it has 1."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 * * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'cron(0 8 * * MON-FRI *)' must have ? for either the day of month or the day of week, and a value or * for the other."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 25 ? * MON *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'cron(0 25 ? * MON *)' has '25' for the hours, which is 0 to 23."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * ? *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'cron(0 8 ? * ? *)' must have ? for either the day of month or the day of week, and a value or * for the other."
        ],
    ),
    (
        {
            "schedules": [
                {"name": "office", "schedule": "0 8 * * 1-5", "minTasks": 2, "maxTasks": 4, "timezone": "Europe/Berlin"}
            ]
        },
        [
            "schedules[0].schedule: '0 8 * * 1-5' must be cron(…), rate(…) or at(…), like cron(0 8 ? * MON-FRI *), rate(1 day) or at(2030-01-31T08:00:00)."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "rate(10 seconds)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'rate(10 seconds)' must be a whole number from 1 and minutes, hours or days, like rate(10 minutes)."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "rate(1 hours)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'rate(1 hours)' must be rate(1 hour): 1 goes with the singular."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "rate(5 minute)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'rate(5 minute)' must be rate(5 minutes): 1 goes with the singular."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "rate(0 days)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'rate(0 days)' must be a whole number from 1 and minutes, hours or days, like rate(10 minutes)."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "at(tomorrow)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'at(tomorrow)' must be a date and a time without an offset, like at(2030-01-31T08:00:00); its zone is set by timezone."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "at(2030-02-30T08:00:00)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'at(2030-02-30T08:00:00)' must be a date and a time without an offset, like at(2030-01-31T08:00:00); its zone is set by timezone."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "at(2030-01-31T08:00:00Z)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'at(2030-01-31T08:00:00Z)' must be a date and a time without an offset, like at(2030-01-31T08:00:00); its zone is set by timezone."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Berlin",
                }
            ]
        },
        ["schedules[0].timezone: 'Berlin' is not a time zone of the tz database, like Europe/Berlin or UTC."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Mars/Olympus",
                }
            ]
        },
        ["schedules[0].timezone: 'Mars/Olympus' is not a time zone of the tz database, like Europe/Berlin or UTC."],
    ),
    (
        {"jobs": [{"name": "Nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup"}]},
        ["jobs[0].name: 'Nightly' must be lower-case letters, digits and single hyphens, and start with a letter."],
    ),
    (
        {"jobs": [{"name": "web", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup"}]},
        ["jobs[0].name: 'web' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "at(2030-01-31T08:00:00)", "command": "flask cleanup"}]},
        [
            "jobs[0].schedule: 'at(2030-01-31T08:00:00)' runs once; a job needs cron(…) or rate(…), and flask-on-aws run runs a command once."
        ],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * *)", "command": "flask cleanup"}]},
        [
            "jobs[0].schedule: 'cron(0 3 * * *)' must have six fields (minutes, hours, day of month, month, day of week, year), like cron(0 8 ? * MON-FRI *); it has 5."
        ],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 1 1 ? 2031)", "command": "flask cleanup"}]},
        ["jobs[0].schedule: 'cron(0 3 1 1 ? 2031)' has at most one time; a job needs a schedule that repeats."],
    ),
    (
        {
            "jobs": [
                {"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "timezone": "Berlin"}
            ]
        },
        ["jobs[0].timezone: 'Berlin' is not a time zone of the tz database, like Europe/Berlin or UTC."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": " "}]},
        ["jobs[0].command: ' ' is empty; give the command that the job runs."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "memory": 8192}]},
        ["jobs[0].memory: 8192 is not available with cpu 256; choose one of 512, 1024, 2048 MiB."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "timeout": 5}]},
        ["jobs[0].timeout: 5 must be a whole number from 10 to 86400 seconds."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "retries": 11}]},
        ["jobs[0].retries: 11 must be a whole number from 0 to 10."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "overlap": "yes"}]},
        ["jobs[0].overlap: 'yes' must be true or false."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "concurrency": 2}]},
        ["jobs[0].concurrency: 2 has no effect while runs must not overlap; set overlap to true, or leave it out."],
    ),
    (
        {"jobs": [{"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "timeZone": "UTC"}]},
        ["jobs[0].timeZone: is not a key of a job; did you mean timezone?"],
    ),
    (
        {
            "schedules": [
                {"name": "office", "schedule": "cron(0 8 ? * MON-FRI *)", "minTasks": 2, "maxTasks": 4, "timezone": 5}
            ]
        },
        ["schedules[0].timezone: 5 must be a text."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 5,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].minTasks: 5 is more than maxTasks, 4; raise one or lower the other."],
    ),
    (
        {
            "schedules": [
                {"name": "office", "schedule": "cron(0 8 ? * MON-FRI *)", "maxTasks": 4, "timezone": "Europe/Berlin"}
            ]
        },
        ["schedules[0].minTasks: is missing; each schedule needs it."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": "4",
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].maxTasks: '4' must be a whole number from 0 to 5000."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "Office hours",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].name: 'Office hours' must be lower-case letters, digits and single hyphens, and start with a letter."
        ],
    ),
    (
        {
            "schedules": [
                {"schedule": "cron(0 8 ? * MON-FRI *)", "minTasks": 2, "maxTasks": 4, "timezone": "Europe/Berlin"}
            ]
        },
        ["schedules[0].name: is missing; each schedule needs it."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                },
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                },
            ]
        },
        ["schedules: 'office' is named more than once; name it once."],
    ),
    ({"schedules": "daily"}, ["schedules: 'daily' must be a list of objects."]),
    ({"schedules": ["daily"]}, ["schedules: '[\"daily\"]' must be a list of objects, like [{name: office-hours, …}]."]),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                    "min_task": 1,
                }
            ]
        },
        ["schedules[0].minTask: is not a key of a schedule; did you mean minTasks?"],
    ),
    ({"port": 0}, ["port: 0 must be a whole number from 1 to 65535."]),
    ({"port": 70000}, ["port: 70000 must be a whole number from 1 to 65535."]),
    ({"port": "http"}, ["port: 'http' must be a whole number."]),
    (
        {"healthCheckPath": "up"},
        ["healthCheckPath: 'up' must start with a slash and have at most 128 characters without spaces."],
    ),
    (
        {"healthCheckPath": "/" + "u" * 128},
        [
            "healthCheckPath: '/"
            + "u" * 128
            + "' must start with a slash and have at most 128 characters without spaces."
        ],
    ),
    ({"stickySessions": 604801}, ["stickySessions: 604801 must be a whole number from 0 to 604800 seconds."]),
    ({"stickySessions": True}, ["stickySessions: 'true' must be a whole number."]),
    ({"startupSeconds": 600}, ["startupSeconds: 600 must be a whole number from 5 to 240 seconds."]),
    ({"releaseSeconds": 5}, ["releaseSeconds: 5 must be a whole number from 10 to 3600 seconds."]),
    (
        {"workers": {"web": "python -m mail"}},
        ["workers.web: 'web' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"workers": {"mail": ""}},
        [
            "workers.mail: '' switches off a process type of the Procfile, which has none of this name; give the command "
            "that the worker runs, or leave it out."
        ],
    ),
    (
        {"workers": {"mail": " "}},
        [
            "workers.mail: ' ' switches off a process type of the Procfile, which has none of this name; give the command "
            "that the worker runs, or leave it out."
        ],
    ),
    (
        {"workers": {"Mail_Out": "python -m mail"}},
        [
            "workers.Mail_Out: 'Mail_Out' must be lower-case letters, digits and single hyphens, and start with a letter."
        ],
    ),
    (
        {"workers": {"rds-ca": "python -m mail"}},
        ["workers.rds-ca: 'rds-ca' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"workers": {"tunnel": "python -m mail"}},
        ["workers.tunnel: 'tunnel' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"workers": {"database-setup": "sleep 9"}},
        [
            "workers.database-setup: 'database-setup' is the name of a container of the stack's own; choose another name."
        ],
    ),
    ({"workers": "[1]"}, ["workers: '[1]' must be names with values, like {NAME: value}."]),
    ({"workers": {"mail": ["python"]}}, ["workers: mail must be a text or a number."]),
    ({"enableExec": "1"}, ["enableExec: '1' must be true or false."]),
    ({"spotShare": 101}, ["spotShare: 101 must be a whole number from 0 to 100 percent."]),
    (
        {"logRetentionDays": 17},
        [
            "logRetentionDays: 17 is not a retention period that CloudWatch accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
        ],
    ),
    (
        {"logRetentionDays": 0},
        [
            "logRetentionDays: 0 is not a retention period that CloudWatch accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
        ],
    ),
    (
        {"env": {"PORT": "1"}},
        ["env.PORT: 'PORT' is set by the stack; choose another name, or list it in overrideEnv to replace its value."],
    ),
    ({"env": {"1X": "1"}}, ["env.1X: '1X' must be letters, digits and underscores, and not start with a digit."]),
    (
        {"env": {"BIG": "x" * 70000}},
        [
            "env: its variables take 70027 bytes, and the task definition has only 45044 left for them; keep large values in a file of the image, in the bucket or in a parameter."
        ],
    ),
    ({"env": {"A": {"b": 1}}}, ["env: A must be a text or a number."]),
    ({"env": "A=1"}, ["env: 'A=1' must be names with values, like {NAME: value}."]),
    (
        {"secrets": {"TOKEN": "hunter2"}},
        ["secrets.TOKEN: must be the ARN of a secret or an SSM parameter; the value itself goes into secretValues."],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/token"}},
        [
            "secrets.TOKEN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/token' lacks the six characters that Secrets Manager appends to a secret's name, like -AbCdEf; copy the whole ARN."
        ],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf:key"}},
        [
            "secrets.TOKEN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf:key' must end with the secret's name, optionally followed by :KEY:STAGE:VERSION, whose parts may be empty, like :password::."
        ],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf:key:AWSCURRENT:v1"}},
        [
            "secrets.TOKEN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf:key:AWSCURRENT:v1' names both a version's stage and its id; use only one of them."
        ],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:ssm:us-east-1:123456789012:document/token"}},
        [
            "secrets.TOKEN: 'arn:aws:ssm:us-east-1:123456789012:document/token' is not the ARN of a parameter, which ends in parameter/NAME."
        ],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:s3:::bucket/token"}},
        ["secrets.TOKEN: must be the ARN of a secret or an SSM parameter; the value itself goes into secretValues."],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:ssm:us-east-1::parameter/token"}},
        [
            "secrets.TOKEN: 'arn:aws:ssm:us-east-1::parameter/token' has no region or no account of 12 digits; copy the whole ARN."
        ],
    ),
    (
        {"secrets": {"TOKEN": "arn:aws:ssm:us-east-1:123456789012:parameter/token"}, "env": {"TOKEN": "1"}},
        ["secrets.TOKEN: 'TOKEN' is in env as well; keep one of the two."],
    ),
    (
        {"secretValues": "hunter2"},
        ["secretValues: must be names with values; set one with: pulumi config set --secret --path secretValues.NAME"],
    ),
    (
        {"secretValues": {"PGPASSWORD": "hunter2"}},
        [
            "secretValues.PGPASSWORD: 'PGPASSWORD' is set by the stack; choose another name, or list it in overrideEnv to replace its value."
        ],
    ),
    (
        {"secretValues": {"BIG": "hunter2" * 10000}},
        [
            "secretValues: its values take 70011 bytes, and Secrets Manager has room for 61440; keep large ones in separate secrets, and name these in secrets."
        ],
    ),
    (
        {"secretValues": {"A": ["hunter2"]}},
        ["secretValues: must be names with values; set one with: pulumi config set --secret --path secretValues.NAME"],
    ),
    ({"overrideEnv": ["PROT"]}, ["overrideEnv: 'PROT' is not a variable that the stack sets; did you mean PORT?"]),
    (
        {"compat": ["fly"]},
        ["compat: 'fly' is not one of adaptable, divio, upsun, gunicorn-tutorial, heroku, render, railway, copilot."],
    ),
    (
        {"environment": "production", "debug": True},
        ["debug: must not be true in production: Flask's debugger lets a visitor run code."],
    ),
    ({"debug": "on"}, ["debug: 'on' must be true or false."]),
    (
        {"gitBranch": "main"},
        ["gitBranch: 'main' has no effect without divio, render or railway in compat; leave it out."],
    ),
    (
        {"policyArns": {"mail": "AmazonSESFullAccess"}},
        [
            "policyArns.mail: 'AmazonSESFullAccess' is not the ARN of an IAM policy, like arn:aws:iam::ACCOUNT:policy/NAME."
        ],
    ),
    (
        {"policyArns": {"Mail": "arn:aws:iam::aws:policy/AmazonSESFullAccess"}},
        ["policyArns.Mail: 'Mail' must be lower-case letters, digits and single hyphens, and start with a letter."],
    ),
    (
        {"permissionsBoundary": "boundary"},
        ["permissionsBoundary: 'boundary' is not the ARN of an IAM policy, like arn:aws:iam::ACCOUNT:policy/NAME."],
    ),
    (
        {"permissionsBoundary": "arn:aws:iam::123456789012:role/boundary"},
        [
            "permissionsBoundary: 'arn:aws:iam::123456789012:role/boundary' is not the ARN of an IAM policy, like arn:aws:iam::ACCOUNT:policy/NAME."
        ],
    ),
    ({"outboundPorts": [443, 70000]}, ["outboundPorts: 70000 must be a whole number from 1 to 65535."]),
    ({"outboundPorts": [443, 443]}, ["outboundPorts: 443 is named more than once; name it once."]),
    ({"outboundPorts": ["https"]}, ["outboundPorts: 'https' must be a whole number."]),
    ({"readOnlyRoot": "no"}, ["readOnlyRoot: 'no' must be true or false."]),
    (
        {"writablePaths": ["/a/b", "/a-b"]},
        ["writablePaths: '/a-b' gives the volume name 'a-b', which /a/b already has; choose another path."],
    ),
    ({"writablePaths": ["tmp"]}, ["writablePaths: 'tmp' must be an absolute path below /, like /tmp."]),
    ({"writablePaths": ["/"]}, ["writablePaths: '/' must be an absolute path below /, like /tmp."]),
    (
        {"writablePaths": ["/tmp", "/tmp/"]},
        ["writablePaths: '/tmp/' gives the volume name 'tmp', which /tmp already has; choose another path."],
    ),
    ({"writablePaths": ["/tmp", "/tmp"]}, ["writablePaths: '/tmp' is named more than once; name it once."]),
    (
        {"writablePaths": ["/var/my cache"]},
        ["writablePaths: '/var/my cache' must be letters, digits and . _ - between single slashes, like /var/cache."],
    ),
    (
        {"writablePaths": ["/srv/../etc"]},
        ["writablePaths: '/srv/../etc' must be letters, digits and . _ - between single slashes, like /var/cache."],
    ),
    (
        {"writablePaths": ["/proc/x"]},
        ["writablePaths: '/proc/x' is in a directory that the kernel mounts; choose another path."],
    ),
    (
        {"writablePaths": ["/rds/ca"]},
        [
            "writablePaths: '/rds/ca' gives the volume name 'rds-ca', which the volume of the RDS certificates already has; choose another path."
        ],
    ),
    ({"writablePaths": "/tmp"}, ["writablePaths: '/tmp' must be a list, like [a, b]."]),
    (
        {"writablePaths": [1]},
        ["writablePaths: '[1]' must be a list of texts; put numbers and true or false in quotation marks."],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27"}, {"name": "proxy", "image": "nginx:1.27"}]},
        ["sidecars[1].name: 'proxy' is the name of another sidecar; give each a different name."],
    ),
    ({"sidecars": [{"image": "nginx:1.27"}]}, ["sidecars[0].name: is missing; each container needs a name."]),
    (
        {"sidecars": [{"name": "web", "image": "nginx:1.27"}]},
        ["sidecars[0].name: 'web' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"sidecars": [{"name": "rds-ca", "image": "nginx:1.27"}]},
        ["sidecars[0].name: 'rds-ca' is the name of a container of the stack's own; choose another name."],
    ),
    (
        {"sidecars": [{"name": "my proxy", "image": "nginx:1.27"}]},
        ["sidecars[0].name: 'my proxy' must be up to 255 letters, digits, hyphens and underscores."],
    ),
    ({"sidecars": [{"name": "proxy"}]}, ["sidecars[0].image: is missing; each container needs an image."]),
    ({"sidecars": [{"name": "proxy", "image": ""}]}, ["sidecars[0].image: is missing; each container needs an image."]),
    (
        {"sidecars": [{"name": "proxy", "image": "My Image"}]},
        [
            "sidecars[0].image: 'My Image' is not the reference of an image, like registry.example.com/shop:1.2, of at most 255 characters."
        ],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "essential": "true"}]},
        ["sidecars[0].essential: 'true' must be true or false."],
    ),
    (
        {
            "sidecars": [
                {"name": "proxy", "image": "nginx:1.27", "dependsOn": [{"containerName": "db", "condition": "START"}]}
            ]
        },
        ["sidecars[0].dependsOn[0].containerName: 'db' is not another container of the task: web."],
    ),
    (
        {
            "sidecars": [
                {
                    "name": "proxy",
                    "image": "nginx:1.27",
                    "dependsOn": [{"containerName": "web", "condition": "STARTED"}],
                }
            ]
        },
        ["sidecars[0].dependsOn[0].condition: 'STARTED' is not one of START, COMPLETE, SUCCESS, HEALTHY."],
    ),
    (
        {
            "sidecars": [
                {
                    "name": "proxy",
                    "image": "nginx:1.27",
                    "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}],
                }
            ]
        },
        [
            "sidecars[0].dependsOn[0].condition: 'HEALTHY' needs a healthCheck, which 'web' does not have; use START instead."
        ],
    ),
    (
        {
            "sidecars": [
                {
                    "name": "proxy",
                    "image": "nginx:1.27",
                    "dependsOn": [{"containerName": "web", "condition": "SUCCESS"}],
                }
            ]
        },
        [
            "sidecars[0].dependsOn[0].condition: 'SUCCESS' waits for the exit of 'web', which is essential; use START instead."
        ],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "dependsOn": "web"}]},
        ["sidecars[0].dependsOn: 'web' must be a list."],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "Image": "nginx"}]},
        ["sidecars[0].Image: is not a key of a container definition; did you mean image?"],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "privileged": True}]},
        ["sidecars[0].privileged: is not available on Fargate; leave it out."],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "memory": 4096}]},
        ["sidecars[0].memory: 4096 must be a whole number from 6 to 512 within the task's 512."],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "portMappings": [{"containerPort": 8080}]}]},
        [
            "sidecars[0].portMappings[0].containerPort: 8080 is the app's port, and a task's containers share one network; use another port."
        ],
    ),
    ({"sidecars": "nginx"}, ["sidecars: 'nginx' must be a list of container definitions."]),
    ({"sidecars": ["nginx"]}, ["sidecars[0]: 'nginx' must be names with values."]),
    ({"caCertificates": "maybe"}, ["caCertificates: 'maybe' is not one of auto, image, init."]),
    ({"entryPoint": "remove"}, ["entryPoint: 'remove' is not one of auto, keep, replace."]),
    (
        {"image": "public.ecr.aws/docker/library/python:3.13-slim", "entryPoint": "replace"},
        [
            "entryPoint: 'replace' needs startCommand, since the Dockerfile here does not say what the image starts; set it."
        ],
    ),
    ({"containerInsights": "yes"}, ["containerInsights: 'yes' must be true or false."]),
    (
        {"tags": {"aws:team": "shop"}},
        ["tags.aws:team: the key 'aws:team' starts with 'aws:', which is reserved; choose another key."],
    ),
    (
        {"tags": {"team": "shop, mail"}},
        ["tags.team: ',' is not allowed in the value 'shop, mail'; use letters, digits, spaces and any of +-=._:/@."],
    ),
    (
        {"tags": {"team": "x" * 257}},
        [f"tags.team: the value '{'x' * 257}' has 257 characters; AWS allows 256, so shorten it."],
    ),
    ({"tags": {"team": "shop "}}, ["tags.team: the value 'shop ' starts or ends with a space; remove it."]),
    (
        {"tags": {"team": "aws:shop"}},
        ["tags.team: the value 'aws:shop' starts with 'aws:', which is reserved; choose another value."],
    ),
    (
        {"tags": {"Team": "shop", "team": "shop"}},
        ["tags.team: 'team' differs from 'Team' only in case, which IAM does not allow; keep one."],
    ),
    (
        {"tags": {f"key{number}": "x" for number in range(41)}},
        ["tags: 41 tags are too many; use at most 40, since AWS allows 50 in total."],
    ),
    ({"tags": "team"}, ["tags: 'team' must be names with values, like {NAME: value}."]),
    ({"alarms": "maybe"}, ["alarms: 'maybe' must be true or false."]),
    (
        {"alarmEmail": "nobody", "alarms": True},
        ["alarmEmail: 'nobody' is not an e-mail address, like ops@example.com."],
    ),
    (
        {"alarmEmail": "ops@example.com"},
        [
            "alarmEmail: 'ops@example.com' would get no message; set alarms to true, or monthlyBudgetUsd, or leave it out."
        ],
    ),
    ({"monthlyBudgetUsd": -5}, ["monthlyBudgetUsd: -5 must be a number of USD, or 0 for no budget."]),
    ({"monthlyBudgetUsd": "ten"}, ["monthlyBudgetUsd: 'ten' must be a whole number."]),
    (
        {"previousSecretKey": "forget"},
        ["previousSecretKey: 'forget' is not one of fallback, keep, drop."],
    ),
    (
        {"cloudfrontOrigin": "private"},
        ["cloudfrontOrigin: 'private' is not one of vpc, public, public-with-vpc, vpc-with-public."],
    ),
    (
        {"acceptDataLoss": ["shop-db"]},
        [
            "acceptDataLoss: 'shop-db' is not one of app-db, app-media, app-queue, app-cache, app-image, app-web-logs, app-kms-key."
        ],
    ),
    ({"minTask": 3}, ["minTask: is not a setting; see docs/settings.md for their names."]),
    ({"databaseApplyImmediately": "soon"}, ["databaseApplyImmediately: 'soon' must be true or false."]),
    ({"databaseAllowMajorUpgrade": "17"}, ["databaseAllowMajorUpgrade: '17' must be true or false."]),
    ({"allowDatabaseReplacement": "app-db"}, ["allowDatabaseReplacement: 'app-db' must be true or false."]),
    (
        {"image": "shop", "rebuild": "today"},
        ["rebuild: 'today' has no effect with image; nothing is built; leave one of them out."],
    ),
    (
        {
            "domain": "shop.example.com",
            "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/4b1c",
            "allowedCidrs": ["203.0.113.0/33"],
        },
        [
            "allowedCidrs: '203.0.113.0/33' is not an address range in CIDR notation, like 203.0.113.0/24 ('203.0.113.0/33' does not appear to be an IPv4 or IPv6 network)."
        ],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "memory": "256"}]},
        ["sidecars[0].memory: '256' must be a whole number."],
    ),
    (
        {"sidecars": [{"name": "proxy", "image": "nginx:1.27", "cpu": 300}]},
        ["sidecars[0].cpu: 300 must be a whole number from 0 to 256 within the task's 256."],
    ),
    (
        {"policyArns": {"a": "arn:aws:s3:::b"}},
        ["policyArns.a: 'arn:aws:s3:::b' is not the ARN of an IAM policy, like arn:aws:iam::ACCOUNT:policy/NAME."],
    ),
    ({"env": {"A B": "1"}}, ["env.A B: 'A B' must be letters, digits and underscores, and not start with a digit."]),
    (
        {"egress": "ipv6", "allowedCidrs": ["2001:db8::/129"], "domain": "shop.example.com"},
        [
            "allowedCidrs: '2001:db8::/129' is not an address range in CIDR notation, like 203.0.113.0/24 ('2001:db8::/129' does not appear to be an IPv4 or IPv6 network)."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(60 8 ? * MON *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'cron(60 8 ? * MON *)' has '60' for the minutes, which is 0 to 59."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 32 * ? *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'cron(0 8 32 * ? *)' has '32' for the day of month, which is 1 to 31."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? JANUARY MON *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'cron(0 8 ? JANUARY MON *)' has 'JANUARY' for the month, which is 1 to 12 or JAN to DEC."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MONDAY *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'cron(0 8 ? * MONDAY *)' has 'MONDAY' for the day of week, which is 1 to 7 or SUN to SAT."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(*/0 8 ? * MON *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'cron(*/0 8 ? * MON *)' has '*/0' for the minutes, which is 0 to 59."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON 1969)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].schedule: 'cron(0 8 ? * MON 1969)' has '1969' for the year, which is 1970 to 2199."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "rate(1.5 hours)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        [
            "schedules[0].schedule: 'rate(1.5 hours)' must be a whole number from 1 and minutes, hours or days, like rate(10 minutes)."
        ],
    ),
    (
        {"schedules": [{"name": "office", "schedule": "", "minTasks": 2, "maxTasks": 4, "timezone": "Europe/Berlin"}]},
        [
            "schedules[0].schedule: '' must be cron(…), rate(…) or at(…), like cron(0 8 ? * MON-FRI *), rate(1 day) or at(2030-01-31T08:00:00)."
        ],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 4,
                    "timezone": "UTC+2",
                }
            ]
        },
        ["schedules[0].timezone: 'UTC+2' is not a time zone of the tz database, like Europe/Berlin or UTC."],
    ),
    (
        {
            "schedules": [
                {
                    "name": "office",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minTasks": 2,
                    "maxTasks": 6000,
                    "timezone": "Europe/Berlin",
                }
            ]
        },
        ["schedules[0].maxTasks: 6000 must be a whole number from 0 to 5000."],
    ),
    (
        {"cpu": "many", "dnsReady": "perhaps", "workers": "[1]", "maxTasks": 0, "healthCheckPath": "up"},
        [
            "dnsReady: 'perhaps' must be true or false.",
            "cpu: 'many' must be a whole number.",
            "workers: '[1]' must be names with values, like {NAME: value}.",
            "maxTasks: 0 is less than minTasks, 1; raise one or lower the other.",
            "healthCheckPath: 'up' must start with a slash and have at most 128 characters without spaces.",
        ],
    ),
    (
        {"kmsKeyId": "alias/shop"},
        [
            "kmsKeyId: 'alias/shop' is an alias, which not every service accepts; use the key's ARN, which `aws kms describe-key --key-id alias/shop` shows."
        ],
    ),
    (
        {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/aws/rds"},
        [
            "kmsKeyId: 'arn:aws:kms:us-east-1:123456789012:alias/aws/rds' is an alias, which not every service accepts; use the key's ARN, which `aws kms describe-key --key-id arn:aws:kms:us-east-1:123456789012:alias/aws/rds` shows."
        ],
    ),
    (
        {"kmsKeyId": "12345678-1234-1234-1234-123456789012"},
        [
            "kmsKeyId: '12345678-1234-1234-1234-123456789012' is a key's id, which not every service accepts; use the key's ARN, which `aws kms describe-key --key-id 12345678-1234-1234-1234-123456789012` shows."
        ],
    ),
    *(
        (
            {"kmsKeyId": value},
            [
                f"kmsKeyId: '{value}' is not the ARN of a KMS key, like arn:aws:kms:REGION:ACCOUNT:key/12345678-1234-1234-1234-123456789012."
            ],
        )
        for value in (
            "arn:aws:kms:us-east-1:123456789012:key/12345678",
            "arn:aws:kms:us-east-1:123456789012:key",
            "arn:aws:s3:::shop",
            "create",
        )
    ),
    (
        {"kmsKeyId": "arn:aws:kms::123456789012:key/12345678-1234-1234-1234-123456789012"},
        [
            "kmsKeyId: 'arn:aws:kms::123456789012:key/12345678-1234-1234-1234-123456789012' does not have the form arn:aws:kms:REGION:ACCOUNT:key/12345678-1234-1234-1234-123456789012."
        ],
    ),
    (
        {"kmsKeyId": KEY.replace("us-east-1", "eu-west-1")},
        [
            f"kmsKeyId: '{KEY.replace('us-east-1', 'eu-west-1')}' is in eu-west-1; it must be in the stack's region, us-east-1."
        ],
    ),
    (
        {"kmsKeyId": KEY.replace("us-east-1", "cn-north-1")},
        [
            f"kmsKeyId: '{KEY.replace('us-east-1', 'cn-north-1')}' is in partition aws, but cn-north-1 is a region of aws-cn."
        ],
    ),
    ({"createKmsKey": "perhaps"}, ["createKmsKey: 'perhaps' must be true or false."]),
    (
        {"createKmsKey": True, "kmsKeyId": KEY},
        ["createKmsKey: true makes a key, and kmsKeyId names one; keep one of the two."],
    ),
    (
        {"createKmsKey": True, "databaseKmsKeyId": "aws/ebs"},
        [
            "databaseKmsKeyId: 'aws/ebs' is not the ARN of a KMS key, like arn:aws:kms:REGION:ACCOUNT:key/12345678-1234-1234-1234-123456789012."
        ],
    ),
    (
        {"databaseKmsKeyId": KEY.replace("us-east-1", "eu-west-1")},
        [
            f"databaseKmsKeyId: '{KEY.replace('us-east-1', 'eu-west-1')}' is in eu-west-1; it must be in the stack's region, us-east-1."
        ],
    ),
    (
        {"databaseKmsKeyId": "aws/rds"},
        ["databaseKmsKeyId: 'aws/rds' is what the database has without kmsKeyId and createKmsKey; leave it out."],
    ),
    (
        {"databaseKmsKeyId": KEY, "database": "none"},
        [
            f"databaseKmsKeyId: '{KEY}' has no effect with database none; set database to one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, or leave it out."
        ],
    ),
    (
        {**SERVER, "databaseKmsKeyId": KEY},
        [
            f"databaseKmsKeyId: '{KEY}' has no effect with databaseHost; the shared server is set up by the stack that owns it; leave it out."
        ],
    ),
    # Each service's setting, also a new one's.
    *(
        ({service: "other"}, [f"{service}: 'other' is not one of {', '.join(FlaskAppArgs.__annotations__[service])}."])
        for service in SERVICE_KINDS
    ),
]
