"""The best student within a board's budget."""
