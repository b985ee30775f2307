"""How often a command goes from one module of gen to another: python -m tests.transitions verify digits --board host

Prints the total, how many pairs of modules there are, and the pairs that are crossed most often."""

import sys
import threading
from collections import Counter
from types import FrameType

SHOWN = 20


def main(words: list[str]) -> int:
    from gen.cli.main import main as command

    crossed = Counter[tuple[str, str]]()

    def called(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_back is not None:
            pair = str(frame.f_back.f_globals.get("__name__")), str(frame.f_globals.get("__name__"))
            if pair[0] != pair[1] and all(name.startswith("gen.") for name in pair):
                crossed[pair] += 1

    threading.setprofile(called)
    sys.setprofile(called)
    try:
        code = command(words)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    sys.stderr.write(f"{crossed.total():,} transitions between {len(crossed)} pairs of modules\n")
    for (caller, callee), count in crossed.most_common(SHOWN):
        sys.stderr.write(f"{count:>9,}  {caller} -> {callee}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
