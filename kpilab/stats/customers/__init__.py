"""Whose behaviour an amount is made of: who came, stayed, bought less, left."""
