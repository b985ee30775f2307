"""A graph becomes C: passes, kernels, memory, the two engines."""
