"""Whether KPIs and goal belong together: what moves with what, what leads, what has come apart."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
