"""What an app runs, from its Procfile and settings, as its image runs it: without a package manager. `build_plan` imports it."""
