"""Localisation: the few places of a cube that carry its deviation."""

from kpilab.stats.rootcause.localise.locate import Element, Known, Located, locate

__all__ = ["Element", "Known", "Located", "locate"]
