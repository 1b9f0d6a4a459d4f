"""The command line tool of flask-on-aws."""
