"""Checks that arguments are what their component declares (names, types, values, references), and their messages.

Imports `naming.py` alone; everything may import it.
"""
