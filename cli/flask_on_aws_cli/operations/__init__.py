"""Operates a deployed app: status, logs, releases, rollbacks and one-off commands."""
