"""Case to question: which table, which periods and which options an analysis is asked with.
It computes nothing."""
