"""Kinds of causes that can be planted: one file each, with `suits` (which trades) and `plant`."""
