"""What does a call cost at its provider's prices, and does what the source says agree?"""
