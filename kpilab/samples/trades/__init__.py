"""Sample worlds of the trades: small, told as a story, each with what was planted beside it."""
