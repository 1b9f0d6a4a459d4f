"""The Flask app as one component: its arguments, and the steps in which it creates all others.

Imports the folders of all components but `github`; nothing imports it but the package itself.
"""
