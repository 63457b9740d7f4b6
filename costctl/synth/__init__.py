"""Worlds with known truth: what a platform does, what it writes into traces, and what its classes really cost."""
