"""Builds, runs and probes an app as the stack would, before it is deployed."""
