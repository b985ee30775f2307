"""What a person sees of work that takes a while."""

import sys
import threading
import time
from collections.abc import Callable


class Progress:
    """One line a stage on stderr; on a terminal the line counts up, elsewhere a stage prints once, when it ends.

    about: what the lines begin with, where several things go on at once; such lines do not count up. stop: once it is
    set, the next progress raises KeyboardInterrupt, since Ctrl-C reaches the main thread alone."""

    def __init__(self, about: str = "", stop: threading.Event | None = None) -> None:
        self.about = f"{about}: " if about else ""
        self.stop = stop
        self.started: dict[str, float] = {}

    def __call__(self, stage: str, done: float, total: int) -> None:
        self.raise_if_stopped()
        start = self.started.setdefault(stage, time.monotonic())
        live = sys.stderr.isatty() and not self.about
        if done >= total:
            took = time.monotonic() - start
            self.say(f"{chr(13) if live else ''}{stage}: {total} in {took:.1f} s")
        elif live:
            shown = f"{done:.0f}" if done == int(done) else f"{done:.2f}"
            sys.stderr.write(f"\r{stage}: {shown} of {total} \033[K")
            sys.stderr.flush()

    def say(self, line: str) -> None:
        self.raise_if_stopped()
        self.wait(line)

    def wait(self, line: str) -> None:
        """Why nothing happens for now."""
        sys.stderr.write(f"{self.about}{line}\n")
        sys.stderr.flush()

    def raise_if_stopped(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise KeyboardInterrupt


class Silent(Progress):
    """Nothing but what it waits for: where a line stands for many stages, such as of a trial or a row."""

    def __call__(self, stage: str, done: float, total: int) -> None:
        pass

    def say(self, line: str) -> None:
        pass


Say = Callable[[str], None]
