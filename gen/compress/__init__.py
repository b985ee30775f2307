"""Distillation, pruning and quantization, step by step, and what they bring."""
