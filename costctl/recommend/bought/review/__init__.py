"""What came of earlier advice: the bill since under the old setting, less what was charged."""
