"""Builds an app from its plan: as an image, as a Dockerfile, or as an environment on this machine."""
