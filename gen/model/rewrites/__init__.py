"""Rewrites of a .tflite before anything reads it: reference, engines and upstream TFLM all take the same one."""
