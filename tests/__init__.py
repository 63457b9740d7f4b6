"""The tests of costctl. A package, since ciw installs one of the same name, which would be found first."""
