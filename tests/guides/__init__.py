"""The guides for users of other platforms, followed step by step by readers with an app: `readers/` has their files.

A reader runs the commands of a page's code blocks and writes the files that the page shows, as they are on the page.
"""
