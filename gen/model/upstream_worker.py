"""The process in which gen/model/upstream.py runs tflite-micro: messages come by standard input and go by standard
output."""

import os
import sys
from typing import Any

import numpy as np

from gen.model import upstream


def main() -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # TFLM itself may print
    while True:
        try:
            request = upstream.read(sys.stdin.buffer)
        except EOFError:
            return
        upstream.write(answers, answer(request))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The outputs by "vector_output", or why TFLM refuses the model as "refused"."""
    from tflite_micro.python.tflite_micro import runtime

    found = {}
    try:
        interpreter = runtime.Interpreter.from_bytes(request["content"].tobytes(), arena_size=int(request["arena"]))
        for number in range(int(request["vectors"])):
            index = 0
            while (name := f"{number}_{index}") in request:
                interpreter.set_input(request[name], index)
                index += 1
            interpreter.invoke()
            for output in range(int(request["count"])):
                found[f"{number}_{output}"] = interpreter.get_output(output)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return {"refused": np.array((str(error) or type(error).__name__).strip().splitlines()[0].rstrip("."))}
    return found
