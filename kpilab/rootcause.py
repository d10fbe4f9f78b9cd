"""Which factor, in which place, since which day."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
