"""`monitor`."""

import sys
from argparse import Namespace

from gen.cli.options import Parser, Subcommand, add_board, positive
from gen.device import board, flash, monitor, transport
from gen.device.transport import BAUD
from gen.errors import UsageError


def add_monitor(sub: Parser) -> None:
    add_board(sub, "whose USB ids to look for", required=True)
    sub.add_argument("--port", metavar="P", help="its serial port or pyserial URL")
    sub.add_argument("--baud", type=positive, default=BAUD, help="(default: %(default)s)")


def run_monitor(args: Namespace) -> int:
    target = board.load(args.board)
    if args.json:
        raise UsageError("monitor shows what a board says as it comes, which is not JSON: leave out --json.")
    port = flash.find_port(target, args.port)
    with transport.open_stream(f"serial:{port}", args.baud) as stream:
        try:
            line, said = monitor.greet(stream)
            sys.stderr.write(f"{line}\nCtrl-C ends.\n")
            _show(monitor.readable(said))
            monitor.watch(stream, _show, sys.stdin.fileno() if sys.stdin else None)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
    return 0


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


MONITOR = Subcommand("monitor", "Show what a real board says.", ("monitor --board esp32",), add_monitor, run_monitor)
