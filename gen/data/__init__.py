"""Examples: read, split, changed, resampled; a person's own, and what wheels carry."""
