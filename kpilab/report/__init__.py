"""The review as a file people read."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
