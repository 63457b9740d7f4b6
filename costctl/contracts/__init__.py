"""What does each interface of a trace keep to, and does the next trace keep to it too?"""
