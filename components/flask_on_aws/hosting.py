"""Pulumi's component host, with whole numbers that may be Outputs."""

from dataclasses import replace

from pulumi import Inputs
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider


class Host(ComponentProvider):
    """Serves components, and passes them Outputs where a whole number is declared.

    Pulumi's host calls `int()` on them, which is a TypeError. `settle` converts the known ones to whole numbers.
    """

    def map_inputs(self, inputs: Inputs, component_def: ComponentDefinition) -> Inputs:
        """The arguments of a component by their Python names, numbers as they arrive."""
        declared = {name: _as_number(argument) for name, argument in component_def.inputs.items()}
        return super().map_inputs(inputs, replace(component_def, inputs=declared))


def _as_number(argument: PropertyDefinition) -> PropertyDefinition:
    return replace(argument, type=PropertyType.NUMBER) if argument.type is PropertyType.INTEGER else argument
