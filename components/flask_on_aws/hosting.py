"""Pulumi's host of components, with whole numbers that may be Outputs."""

from dataclasses import replace

from pulumi import Inputs
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider


class Host(ComponentProvider):
    """Serves components, and hands them Outputs where a whole number is declared.

    Pulumi's own calls `int()` on them, which is a TypeError. `settle` makes whole numbers of those that are known.
    """

    def map_inputs(self, inputs: Inputs, component_def: ComponentDefinition) -> Inputs:
        """The arguments of a component by their Python names, numbers as they arrive."""
        declared = {name: _as_number(argument) for name, argument in component_def.inputs.items()}
        return super().map_inputs(inputs, replace(component_def, inputs=declared))


def _as_number(argument: PropertyDefinition) -> PropertyDefinition:
    return replace(argument, type=PropertyType.NUMBER) if argument.type is PropertyType.INTEGER else argument
