"""Worlds of teams that buy tokens: applications, what they send to providers, what it costs, what could be saved."""
