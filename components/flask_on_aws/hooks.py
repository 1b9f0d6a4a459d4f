"""Hooks that run before a resource is created or changed, and may stop that."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pulumi

Say = Callable[[str], None]
Hook = Callable[[pulumi.ResourceHookArgs], Awaitable[None]]


def before_changes(name: str, function: Hook) -> pulumi.ResourceHookBinding:
    """The binding of a hook for creation and update; a preview runs nothing.

    Args:
        name: unique in the whole program, so it contains the component's name.
        function: raises to stop the change.
    """
    hook = pulumi.ResourceHook(name, function)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def before_updates(name: str, function: Callable[[pulumi.ResourceHookArgs], None]) -> pulumi.ResourceHookBinding:
    """The binding of a hook that compares the old and the new inputs of an update, at preview and at update.

    Args:
        name: unique in the whole program, so it contains the component's name.
        function: raises to reject the update.
    """
    hook = pulumi.ResourceHook(name, function, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])


async def in_thread(owner: pulumi.Resource, action: Callable[..., None], *values: Any) -> None:
    """Run `action(say, *values)`, where `say` logs a line for the owner.

    Hooks share one event loop with the program's registrations, which must continue meanwhile.
    """
    loop = asyncio.get_running_loop()

    def say(text: str) -> None:
        loop.call_soon_threadsafe(partial(pulumi.log.info, text, owner))

    await asyncio.to_thread(action, say, *values)
