"""Whose behaviour an amount is made of: who came, who stayed, who bought less, who left."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
