"""The Node part of a build plan: whether Node builds an app's assets or runs beside it, which Node, and which package manager.

`plan` and `plan_values` may import `build`; nothing else of the build plan imports this folder.
"""
