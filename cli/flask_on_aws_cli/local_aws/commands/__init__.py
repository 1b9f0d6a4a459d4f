"""`flask-on-aws local` and `dev`: what a user types, and what is printed.

Imports all that a command needs; `main.py` imports it, and the daemon its side of `local exec`.
"""
