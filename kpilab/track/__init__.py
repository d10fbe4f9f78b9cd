"""The closed loop: store, actions, board, watch, notify."""
