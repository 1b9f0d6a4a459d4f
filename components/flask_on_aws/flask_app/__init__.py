"""The Flask app as one component: its arguments, and the steps in which it creates all others.

Imports all other folders; nothing imports it but the package itself.
"""
