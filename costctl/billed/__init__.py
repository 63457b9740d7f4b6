"""What providers say was used and what it costs: bills, usage reports and cost exports, each read into rows."""
