"""The door to the data: connections, queries, and the only way rows reach pandas."""
