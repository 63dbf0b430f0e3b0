"""Tests: dbt's in SQL, pytest in ``python``, the house rules in ``governance``."""
