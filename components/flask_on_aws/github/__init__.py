"""The role that GitHub's workflows assume to deploy, and its policies.

Imports what lies beside it and `validation`; no component imports it.
"""
