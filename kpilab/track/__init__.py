"""The closed loop: store, actions, board, watch, notify."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
