"""Entries of the guestbook."""
