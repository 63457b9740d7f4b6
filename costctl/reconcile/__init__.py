"""Why do a provider's bill and the traces differ? Every difference in USD, split into causes that add up to it."""
