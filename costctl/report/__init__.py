"""The weekly review as a page, as markdown for a pull request, and as PDF."""
