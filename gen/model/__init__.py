"""The model: its file, its arithmetic, and what it computes in NumPy and in upstream TFLM."""
