"""What an app and its framework need, read from its Python code, which is parsed and never imported. `build_plan` imports it."""
