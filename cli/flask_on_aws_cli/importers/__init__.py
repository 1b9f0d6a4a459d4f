"""Imports the configuration of other platforms into stack files: `flask-on-aws import`.

Each format is a module of `formats/`, which turns its files into drafts of stacks (`draft.py`). The rest is common to
all formats: reading files with line numbers (`source.py`), variables and credentials, checks (`settle.py`), the stack
files (`stack_file.py`) and the report. Imports only `shared` from this package.
"""
