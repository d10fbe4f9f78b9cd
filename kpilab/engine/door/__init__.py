"""The one door through which data come in: tables for an engine,
small frames and numbers for memory."""
