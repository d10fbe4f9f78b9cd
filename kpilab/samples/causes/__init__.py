"""One planted cause per file."""
