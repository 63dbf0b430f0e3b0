"""Governance as code: ``python -m tests.governance`` fails where the project breaks a house rule.

dbt-bouncer checks all rules: those of ``dbt-bouncer.yml``, with those that it lacks in ``checks``.
It needs no database. ``docs/governance.md`` lists the rules, each with its reason.
"""
