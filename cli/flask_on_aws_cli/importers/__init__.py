"""Imports the configuration of other platforms into stack files: `flask-on-aws import`.

Data flows through its folders: `reading/` turns files into values with their lines, each format of `formats/` turns
those into drafts of stacks (`drafts/`), and `stacks/` combines a draft with the stack's file. `command.py` writes the
files and prints the report (`report.py`). Imports only `shared` from this package.
"""
