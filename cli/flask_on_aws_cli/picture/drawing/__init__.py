"""From a diagram to an SVG: positions on a grid, lines along its gutters, and colors of both themes.

Imports `model.py` of `picture` alone.
"""
