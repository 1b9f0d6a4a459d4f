"""What starts an app, read from its Python code, which is parsed and never imported. `build_plan` imports it."""
