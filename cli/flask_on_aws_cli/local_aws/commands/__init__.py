"""`flask-on-aws local` and `dev`: what a user types, and what is printed.

Imports everything else of the local AWS; nothing imports it but `main.py`.
"""
