"""Running the business: equipment, targets, pace, bonus, control charts."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
