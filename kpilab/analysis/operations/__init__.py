"""Targets, pace, machines, response."""
