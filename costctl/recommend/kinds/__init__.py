"""What may be changed? One file a kind of advice: it proposes, and the evaluator judges."""
