"""How is a policy written for a consumer? One module a consumer: a policy in, its file and coverage manifest out."""
