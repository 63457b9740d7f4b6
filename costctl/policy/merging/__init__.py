"""How are our settings written into a consumer's file that is there, so that all else stays as it is?"""
