"""A word on the command line becomes a model; float models become int8 ones."""
