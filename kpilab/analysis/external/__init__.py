"""Us or the market."""
