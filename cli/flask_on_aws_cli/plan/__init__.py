"""Shows how an app would be built, and why."""
