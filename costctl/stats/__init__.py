"""Intervals, exact sums and quantiles: what the other packages compute with."""
