"""Three roles that may do no more than they have to (``olist roles``, docs/roles.md).

The loader writes schema ``raw``; the transformer reads it and owns what dbt makes; the reader reads
``marts`` and ``reports``. Rights of the reader on tables come from dbt (``+grants``).
"""
