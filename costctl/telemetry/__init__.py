"""What does the telemetry not say? A catalogue of facts, how often each is there, and what a gap does to figures."""
