"""One app per question."""
