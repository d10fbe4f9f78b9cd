"""Tests of a change against a control."""
