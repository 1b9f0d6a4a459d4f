"""The commands `flask-on-aws local` and `dev`: their options and their output.

`main.py` imports this package, and it may import everything that a command needs; the daemon imports nothing of it.
"""
