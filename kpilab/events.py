"""What users did: funnels, paths, retention, activity."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
