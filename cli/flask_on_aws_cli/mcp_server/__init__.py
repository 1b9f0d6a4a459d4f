"""Tools for coding agents by the Model Context Protocol: `flask-on-aws mcp`.

`documentation.py` searches the documentation, which `docs/` is a link to, and `runs.py` runs other commands of this
package in processes of their own, so this one imports none of them. No tool changes the project or anything on AWS.
Only `main.py` may import this package.
"""
