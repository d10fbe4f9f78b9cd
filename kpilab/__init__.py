"""kpilab: the KPIs hit target, so why did the business not grow?

Here are the nouns and the daily questions. All questions of one kind are under `kpilab.events`,
`.customers`, `.relation`, `.rootcause`, `.external`, `.execution`, `.data`, `.experiments` and
`.operations`.
The names stand in `__init__.pyi`.
"""

from kpilab.old import NAMES
from kpilab.public import door

__version__ = "0.1.0"
__all__, __getattr__, __dir__ = door(__name__, NAMES)
