"""An API for notes."""
