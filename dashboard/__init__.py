"""The dashboard: six pages on the semantic layer and the reports (docs/dashboard.md)."""
