"""Kamal."""
