"""`python -m gen`."""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main() runs: Ctrl-C amid the imports would show a traceback

import sys

from gen.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
