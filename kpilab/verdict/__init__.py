"""The reverse review: five steps, causes, bridge."""
