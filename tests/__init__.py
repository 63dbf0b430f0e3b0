"""Tests; a package, so that ``python -m tests.mutation`` finds its own."""
