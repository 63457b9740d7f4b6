"""What finance gets: the charges as a FOCUS file, split down to class and tenant, that ties out to the analysis."""
