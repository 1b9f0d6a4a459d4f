"""What is wrong with a Flask app's arguments, before anything is created.

Imports the components whose checks it collects; only `flask_app` and a program's settings import it.
"""
