"""JUnit's XML of verdicts, as CI services read it: a suite per model, a test case per board."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from gen.files import write_if_changed
from gen.verify.report import Report

METRICS = ("vectors", "instructions", "cycles", "arena_bytes", "stack_bytes", "flash_bytes", "ram_bytes", "reference")
# What XML 1.0 has no way to say, such as a device's control characters in an error message.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Outcome:
    """One board's verification."""

    board: str
    engine: str
    seconds: float
    exit_code: int  # as the process's would be for this board alone
    report: Report | None  # None where an error ended it
    error: str = ""  # that error, as a sentence
    error_kind: str = ""

    def as_json(self) -> dict[str, Any]:
        """The report, or what ended it; for --json."""
        if self.report is not None:
            return self.report.as_json()
        return {"board": self.board, "engine": self.engine, "error": self.error_kind, "message": self.error}


def save(model: str, outcomes: Sequence[Outcome], path: Path) -> None:
    """Writes the XML: a verdict that is not exact is a failure, an error is an error."""
    write_if_changed(path, xml(model, outcomes))


def xml(model: str, outcomes: Sequence[Outcome]) -> str:
    """The XML document."""
    suite = ElementTree.Element(
        "testsuite",
        name=model,
        tests=str(len(outcomes)),
        failures=str(sum(o.report is not None and o.exit_code != 0 for o in outcomes)),
        errors=str(sum(o.report is None for o in outcomes)),
        time=f"{sum(o.seconds for o in outcomes):.3f}",
    )
    for outcome in outcomes:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"{model}.{outcome.engine}", name=outcome.board, time=f"{outcome.seconds:.3f}"
        )
        if outcome.report is None:
            _stopped(case, "error", outcome.error_kind, outcome.error)
            continue
        report = outcome.report.as_json()
        if outcome.exit_code != 0:
            why = report["explanation"] or {"kind": report["verdict"], "sentence": ""}
            message = f"{report['mismatches']} of {report['vectors']} vectors differ. {why['sentence']}"
            _stopped(case, "failure", why["kind"], message.strip())
        lines = [f"{key}: {report[key]}" for key in METRICS if report.get(key) is not None]
        ElementTree.SubElement(case, "system-out").text = "\n".join(lines)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _stopped(case: ElementTree.Element, tag: str, kind: str, message: str) -> None:
    """Why a case did not pass; some readers show the attribute, others the text."""
    shown = _NO_XML.sub("?", message)
    ElementTree.SubElement(case, tag, type=kind, message=shown).text = shown
