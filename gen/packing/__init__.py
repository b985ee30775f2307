"""How constants are repacked for kernels that want them otherwise than the model has them: one file per ISA."""
