"""What `make` runs for CI and is longer than a line: builds in a scratch database, the audit."""
