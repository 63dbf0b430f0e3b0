"""Governance as code: ``python -m tests.governance`` fails where the project breaks a house rule.

It needs no database. ``docs/governance.md`` lists the rules, each with its reason and its tool.
"""
