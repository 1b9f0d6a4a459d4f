"""An app built, run and asked as the stack would, before it is deployed."""
