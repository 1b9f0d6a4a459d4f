"""Which packages an app's files ask for: package manager, lock files, Python version, Debian packages, and the commands.

`plan` and `commands` of the build plan, `image` and the command line tool may import it.
"""
