"""Where do relations run? ``base`` says what an engine must do; ``duckdb`` does it in the process."""
