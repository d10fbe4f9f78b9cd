"""Can the tables be trusted, and does everybody count alike."""
