"""The kinds of advice on what is bought by the token, a file each."""
