"""In which steps does a policy take the place of another, and what must hold before each next one?"""
