"""Mutants of the dbt models: does a test fail when a model is wrong?

``python -m tests.mutation --help`` says how to run them; ``docs/mutants.md`` is the report.
"""
