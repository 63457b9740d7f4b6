"""Which settings do the traces suggest? What they show of pools, classes, models and tenants, as text for a
costctl.toml in which everything that they cannot show is left to be filled in.
"""
