"""Ask the warehouse in words (``olist ask``), and lend its tools to assistants (``olist mcp``)."""
