"""`python -m flask_on_aws_cli`."""

from .main import main

if __name__ == "__main__":
    main()
