from kpilab.track.actions import Plan as Plan
from kpilab.track.actions import add as add
from kpilab.track.board import write_board as write_board
from kpilab.track.compare import compare as compare
from kpilab.track.effects import effects as effects
from kpilab.track.pace import progress as progress
from kpilab.track.store import Store as Store
from kpilab.track.watch import watch as watch
