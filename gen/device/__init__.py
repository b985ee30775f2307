"""Boards: building for one, flashing it, talking to it."""
