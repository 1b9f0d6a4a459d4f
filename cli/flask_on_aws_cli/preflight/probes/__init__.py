"""Programs that the tried app's own Python runs: their text goes where the app is.

They import nothing but Python's library.
"""
