from kpilab.track.store import Store as Store
