"""The goal, the bridge and the loop."""
