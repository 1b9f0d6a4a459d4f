"""How an app would be built, and why."""
