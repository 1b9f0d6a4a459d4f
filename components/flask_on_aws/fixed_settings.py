"""Settings that must not change while the stack exists, since every logical name is derived from them."""

from collections.abc import Mapping

import pulumi

from .component import Component
from .data_loss.guard import Guard


class FixedSettings(Component):
    """Settings that cannot change: an update that changes one fails at preview and before anything is changed.

    The name of this component must never change. It is separate from the app's component, which could not detect its own removal.
    """

    def __init__(self, name: str, values: Mapping[str, str], opts: pulumi.ResourceOptions | None = None) -> None:
        record = {setting: {"kind": "fixed", "name": name, "value": value} for setting, value in values.items()}
        names = {setting: {"value": setting} for setting in values}
        super().__init__(name, opts, Guard(record, (), names))
        # Depending on a component alone waits for its children only, and this has none.
        self.passed: pulumi.Output[list[pulumi.Resource]] = self.urn.apply(lambda urn: [self])
        """Resolves when the check has passed; for `depends_on` of the resources that are named by the settings."""
        self._register()
