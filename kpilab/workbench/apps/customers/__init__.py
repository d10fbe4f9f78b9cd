"""Whose behaviour an amount is made of."""
