"""Files as values with their lines. Imports nothing else of `importers`."""
