"""The stacks' files: combines a draft with one, checks the result, and adds the new settings to its text.

Imports `reading` and `drafts`.
"""
