"""How did requests fare: how long they took, where, and what held them up?"""
