"""How an app's folder becomes an image: which Python, which packages, which command, each with its reason.

Plain values that import nothing of Pulumi; `image`, `flask_app` and the command line tool may import it.
"""
