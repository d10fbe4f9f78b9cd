"""Sample worlds with planted causes: for trying kpilab out, and for measuring its verdict."""
