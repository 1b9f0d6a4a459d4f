"""The command line tool of flask-on-aws: one folder for each capability, a pure core with a thin edge."""
