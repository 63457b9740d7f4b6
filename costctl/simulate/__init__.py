"""What would have become of the same calls under other rules? A replay of arrivals through pools."""
