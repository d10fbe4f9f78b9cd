"""The review as a file people read."""
