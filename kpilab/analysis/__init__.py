"""One question per file; each returns a frozen Result."""
