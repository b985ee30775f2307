"""TensorFlow, started once and without its chatter."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from gen.errors import INSTALL_TRAIN, GenError, MissingTool


def require_train_extra() -> None:
    """Raise MissingTool unless all that training imports later is installed."""
    for package in ("tensorflow", "keras", "sklearn", "matplotlib"):
        if find_spec(package) is None:
            raise MissingTool(f"training needs the Python package {package}: run `{INSTALL_TRAIN}`.")


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what C++ and Python write to stdout and stderr; show it only if an error that is none of
    ours, which say all in one sentence, leaves the block."""
    with tempfile.TemporaryFile() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout.flush()
        sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        failed = False
        try:
            yield
        except Exception as error:
            failed = not isinstance(error, GenError)
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            if failed:
                log.seek(0)
                sys.stderr.write(log.read().decode("utf-8", "replace"))


def start_tensorflow() -> None:
    """Import TensorFlow without its log, on one thread and with deterministic kernels: one seed, one result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with quiet():
        import tensorflow as tf

        # Sums are split over threads, and float sums depend on the split; these models are too small to gain by it.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()
