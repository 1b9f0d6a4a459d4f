"""What a program asks for, as values: resources, properties, names, and what went wrong.

Imports nothing else of the engine; everything of it may import it.
"""
