"""Small neural networks on microcontrollers, bit-exact: train, quantize, build, verify."""

__version__ = "0.1.0"
