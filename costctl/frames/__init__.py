"""Which frames does each question rest on?"""
