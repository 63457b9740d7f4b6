"""What would the calls that were bought have cost under another rule? A bill that can be run again."""
