"""Fly.io."""
