"""What a program's settings must not change while the stack is up, since every logical name is made of it."""

from collections.abc import Mapping

import pulumi

from .component import Component
from .data_loss.guard import Guard


class FixedSettings(Component):
    """Settings of which each change fails, at preview and before anything is changed.

    Its own name must never change: an app's component cannot notice that it is gone, and this stands beside it.
    """

    def __init__(self, name: str, values: Mapping[str, str], opts: pulumi.ResourceOptions | None = None) -> None:
        record = {setting: {"kind": "fixed", "name": name, "value": value} for setting, value in values.items()}
        names = {setting: {"value": setting} for setting in values}
        super().__init__(name, opts, Guard(record, (), names))
        # Depending on a component alone waits for its children only, and this has none.
        self.passed: pulumi.Output[list[pulumi.Resource]] = self.urn.apply(lambda urn: [self])
        """Resolves when the settings have passed; to be depended on by what is named by them."""
        self._register()
