"""Thin loaders: they move bytes into schema ``raw`` and hold no business logic."""
