"""What the app's own Dockerfile shows: its stages, ENTRYPOINT and CMD, and how the stack's commands run in its image.

`plan` and `start_command` of the build plan, `image`, `flask_app` and the command line tool may import it.
"""
