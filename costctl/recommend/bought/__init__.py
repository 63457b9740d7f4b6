"""What to change of what is bought by the token: the bill run again, candidate by candidate."""
