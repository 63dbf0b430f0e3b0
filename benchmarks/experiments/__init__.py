"""Questions of physical design, each answered by variants that are measured in turns.

``python -m benchmarks.experiments [NAME …]`` runs them on the warehouse that the PG* variables
name, in schemas of their own (``trial_…``) that go at the end; docs/experiments.md has the answers.
"""
