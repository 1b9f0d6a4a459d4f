"""Whether arguments are what their component declares: names, types, values, references, and the sentences for them.

Imports `naming.py` alone; everything may import it.
"""
