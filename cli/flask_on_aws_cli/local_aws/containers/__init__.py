"""Tasks as containers of the real images, at this machine's Docker engine.

Written here, since no emulator does it: moto records tasks and starts none, and LocalStack's free edition has no ECS.
"""


class NoEngineError(Exception):
    """Why containers cannot run here, as a sentence."""
