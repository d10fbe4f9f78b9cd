"""Seeded sample businesses with planted causes."""
