"""pip's report of an installation -> requirements.lock on standard output: every package with its version and hash."""

import json
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

HEAD = "# What `make setup` installs on the Python, system and machine that the Makefile names. Written by `make lock`."


def lines(report: dict[str, Any]) -> list[str]:
    """One for each package, sorted by name, but for the project itself."""
    found = []
    for package in report["install"]:
        about, download = package["metadata"], package["download_info"]
        if "archive_info" in download:
            sha256 = download["archive_info"]["hashes"]["sha256"]
            found.append(f"{canonicalize_name(about['name'])}=={about['version']} --hash=sha256:{sha256}")
    return sorted(found)


if __name__ == "__main__":
    sys.stdout.write("\n".join([HEAD, *lines(json.loads(Path(sys.argv[1]).read_text("utf-8")))]) + "\n")
