package main

import (
	"example.com/pulumi-flask-on-aws/sdk/go/flaskonaws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")

		reports, err := flaskonaws.NewMediaBucket(ctx, "reports", &flaskonaws.MediaBucketArgs{
			Versioned: pulumi.BoolRef(true),
		})
		if err != nil {
			return err
		}
		environment := flaskonaws.EnvironmentSTAGING
		shop, err := flaskonaws.NewFlaskApp(ctx, "shop", &flaskonaws.FlaskAppArgs{
			Image:              pulumi.String(settings.Require("image")),
			Environment:        &environment,
			Cpu:                pulumi.IntRef(512),
			Memory:             pulumi.IntRef(1024),
			Env:                pulumi.StringMap{"GREETING": pulumi.String("hello"), "REPORTS_BUCKET": reports.BucketName},
			SecretValues:       pulumi.StringMap{"PAYMENT_KEY": settings.RequireSecret("paymentKey")},
			DatabaseStorageGib: pulumi.IntRef(30),
		})
		if err != nil {
			return err
		}
		ctx.Export("url", shop.Url)
		ctx.Export("reportsBucketName", reports.BucketName)
		return nil
	})
}
