"""A transform of a Flask app as Pulumi's transformations of its resources."""

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import pulumi

from ..validation.argument_names import name_problems
from ..validation.problems import Problem

if TYPE_CHECKING:
    from .transforms import FlaskAppTransform, Transform


class Transforms:
    """A transform as one of Pulumi's transformations of the app and its children."""

    def __init__(self, app: str, transform: "FlaskAppTransform | None") -> None:
        self._app = app
        self._changes = cast(Mapping[str, "Transform[Any]"], transform or {})
        self._used: set[str] = set()

    def problems(self) -> Iterator[Problem]:
        """Roles that do not exist, and values that are no functions, a sentence each."""
        if not self._changes:
            return
        from .transforms import FlaskAppTransform

        for problem in name_problems(FlaskAppTransform, self._changes, "a transform"):
            yield Problem(f"transform.{problem.argument}", problem.reason)
        for role, change in self._changes.items():
            if not callable(change):
                yield Problem(
                    f"transform.{role}", f"{change!r} must be a function of a resource's inputs, options and name."
                )

    def options(self, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions | None:
        """The app's options, with the changes among them."""
        if not self._changes:
            return opts
        return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[self._apply]))

    def unused(self) -> Iterator[Problem]:
        """Roles that no resource has had: with the app's arguments there is no such resource."""
        for role in self._changes:
            if role not in self._used:
                yield Problem(
                    f"transform.{role}", "changes nothing: these arguments create no such resource; leave it out."
                )

    def _apply(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        from .transforms import kinds, roles_of

        role = next(iter(roles_of(args.type_, args.name, self._app)), "")
        if role not in self._changes:
            return None
        self._used.add(role)
        opts = pulumi.ResourceOptions.merge(args.opts, None)  # a copy
        kind, given = kinds()[role], cast(Mapping[str, Any], args.props)
        # The rest are outputs, which the SDK passes on as well.
        names = [name for name in inspect.signature(kind).parameters if name in given]
        inputs: Any = kind(**{name: given[name] for name in names if given[name] is not None})
        self._changes[role](inputs, opts, args.name)
        changed = cast(dict[str, Any], vars(inputs))  # its getters warn of what is deprecated
        return pulumi.ResourceTransformationResult({**given, **{name: changed.get(name) for name in names}}, opts)
