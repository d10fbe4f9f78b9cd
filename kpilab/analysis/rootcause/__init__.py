"""Where and when the goal moved."""
