"""Was the work really done."""
