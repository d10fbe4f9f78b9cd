"""Ordinary companies: linked tables as firms export them, with planted reasons of known size."""
