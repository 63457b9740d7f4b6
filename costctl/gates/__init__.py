"""Gates: what metrics and budgets must keep to, judged on documents."""
