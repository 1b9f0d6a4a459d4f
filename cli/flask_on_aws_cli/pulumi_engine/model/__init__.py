"""What a program registers, as values: resources, properties, names and errors.

Imports no other module of the engine; every other module may import it.
"""
