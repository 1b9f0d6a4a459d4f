import * as pulumi from "@pulumi/pulumi";
import { FlaskApp, MediaBucket } from "@pulumi/flask-on-aws";

const config = new pulumi.Config();

const reports = new MediaBucket("reports", { versioned: true });
const shop = new FlaskApp("shop", {
    image: config.require("image"),
    environment: "staging",
    cpu: 512,
    memory: 1024,
    env: { GREETING: "hello", REPORTS_BUCKET: reports.bucketName },
    secretValues: { PAYMENT_KEY: config.requireSecret("paymentKey") },
    databaseStorageGib: 30,
});

export const url = shop.url;
export const reportsBucketName = reports.bucketName;
