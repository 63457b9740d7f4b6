"""What would today's requests have met under other settings, at another load, with replicas down?"""
