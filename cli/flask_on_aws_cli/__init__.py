"""The command-line tool of flask-on-aws: one folder per capability, each with a pure core and a thin edge."""
