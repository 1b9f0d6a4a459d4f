"""Command lines as an image runs them, without the package manager that ran them before. `build_plan` imports it."""
