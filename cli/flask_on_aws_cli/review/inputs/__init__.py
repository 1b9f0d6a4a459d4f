"""The two graphs of a review: of the working tree, and of what it is compared with.

Imports `pulumi_engine` and nothing else of `review`.
"""
