"""The draft of a stack, and what several formats share to fill it: builds, services, variables, credentials.

Imports only `reading`.
"""
