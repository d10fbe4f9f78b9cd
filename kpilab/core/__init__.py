"""Nouns: frozen dataclasses that every layer speaks in."""
