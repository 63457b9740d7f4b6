"""Where do relations run? ``protocol`` says what an engine must do; ``duckdb`` does it in the process."""
