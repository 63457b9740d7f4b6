"""What do the bytes of a wire format say? One module a format: bytes in, batches of canonical spans and rejects out."""
