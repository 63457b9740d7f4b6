"""The weekly review live over a store, and a receiver of OTLP/HTTP that fills it."""
