"""A picture of a stack: what is where, who may talk to whom, and what a change does to it.

`graph/` reads the resources, `drawing/` composes the SVG, and `mermaid.py` writes it for Markdown. Nothing here imports
Pulumi: the daemon of the local AWS draws its console's picture with it.
"""

from .drawing.svg import as_svg, description
from .graph.build import Difference, diagram
from .graph.resources import Resource
from .mermaid import as_mermaid
from .model import EMPTY, Diagram, Mark

__all__ = ["EMPTY", "Diagram", "Difference", "Mark", "Resource", "as_mermaid", "as_svg", "description", "diagram"]
