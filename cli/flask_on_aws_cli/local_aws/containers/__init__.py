"""Tasks as containers of the real images, in this machine's Docker engine.

No emulator provides this: moto records tasks but does not start them, and LocalStack's free edition has no ECS.
"""


class NoEngineError(Exception):
    """Why containers cannot run on this machine, as a sentence."""
