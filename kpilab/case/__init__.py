"""case.yml to a checked Case."""
