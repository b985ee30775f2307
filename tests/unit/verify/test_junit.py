"""The JUnit XML: what CI services read, by the rules of Jenkins' schema (jenkins-junit.xsd), which others follow."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from gen.verify import junit
from gen.verify.compare import EXACT, MISMATCH, OFF_BY_ONE, Verdict
from gen.verify.explain import Explanation
from gen.verify.junit import Outcome
from gen.verify.report import Report

# Element -> its attributes, those that must be there first; its children, in the order that the schema wants.
RULES: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, ["testsuite"]),
    "testsuite": ({"name", "tests"}, {"failures", "errors", "time", "skipped", "timestamp"}, ["testcase"]),
    "testcase": ({"name", "classname"}, {"time"}, ["error", "failure", "system-out"]),
    "error": ({"message", "type"}, set(), []),
    "failure": ({"message", "type"}, set(), []),
    "system-out": (set(), set(), []),
}


def report(kind: str = EXACT, mismatches: int = 0, explanation: Explanation | None = None) -> Report:
    """A report of verify."""
    verdict = Verdict(
        kind=kind, vectors=20, distinct_outputs=20, operators_compared=0, mismatches=mismatches,
        vectors_source="random", reference="NumPy", worst_difference=mismatches, explanation=explanation,
        instructions=123456, cycles=None, stack_bytes=96, metric=None, resends=0,
    )  # fmt: skip
    return Report(
        model="kws", model_sha256="ab" * 32, board="host", engine="aot", optimize="balanced", arena_bytes=1024,
        const_bytes=9000, const_growth=1.5, flash_bytes=20000, flash_limit_bytes=0, ram_bytes=4000, ram_limit_bytes=0,
        model_bytes=10000, kernels=((0, "conv_2d", "nn_conv_2d"),), elf="build/firmware.elf", verdict=verdict,
    )  # fmt: skip


GOOD = Outcome("host", "aot", 1.25, 0, report())
WRONG = Outcome("pico", "aot", 2, 1, report(MISMATCH, 3))
EXPLAINED = Outcome("esp32", "aot", 2, 1, report(OFF_BY_ONE, 1, Explanation("rounding", "By one in CONV_2D.", None)))
SMALL = Outcome("bluepill", "aot", 0.5, 1, None, "kws does not fit by 12 bytes; try <another> & larger", "does_not_fit")


def checked(text: str) -> ElementTree.Element:
    """The document, if it keeps the rules."""

    def check(element: ElementTree.Element) -> None:
        must, may, children = RULES[element.tag]
        assert must <= set(element.attrib) <= must | may
        order = [children.index(child.tag) for child in element]
        assert order == sorted(order)
        for key in ("tests", "failures", "errors"):
            assert element.get(key, "0").isdigit()
        assert float(element.get("time", "0")) >= 0
        for child in element:
            check(child)

    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites" and text.startswith("<?xml version='1.0' encoding='")
    check(root)
    for suite in root:
        cases = list(suite)
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
        assert int(suite.attrib["errors"]) == sum(case.find("error") is not None for case in cases)
    return root


def test_a_suite_for_the_model_and_a_case_for_each_board() -> None:
    (suite,) = checked(junit.xml("kws", [GOOD, WRONG, EXPLAINED, SMALL]))
    assert suite.attrib == {"name": "kws", "tests": "4", "failures": "2", "errors": "1", "time": "5.750"}
    assert [(case.get("classname"), case.get("name")) for case in suite] == [
        ("kws.aot", "host"), ("kws.aot", "pico"), ("kws.aot", "esp32"), ("kws.aot", "bluepill")
    ]  # fmt: skip


def test_a_good_board_shows_its_figures() -> None:
    (case,) = checked(junit.xml("kws", [GOOD]))[0]
    (out,) = case
    assert out.tag == "system-out" and out.text is not None
    assert out.text.splitlines() == [
        "vectors: 20", "instructions: 123456", "arena_bytes: 1024", "stack_bytes: 96", "flash_bytes: 20000",
        "ram_bytes: 4000", "reference: NumPy",
    ]  # fmt: skip


def test_different_bytes_are_a_failure_and_an_error_is_one() -> None:
    wrong, explained, small = checked(junit.xml("kws", [WRONG, EXPLAINED, SMALL]))[0]
    for case, tag, kind, message in (
        (wrong, "failure", "mismatch", "3 of 20 vectors differ."),
        (explained, "failure", "rounding", "1 of 20 vectors differ. By one in CONV_2D."),
        (small, "error", "does_not_fit", SMALL.error),
    ):
        (found,) = (child for child in case if child.tag != "system-out")
        assert (found.tag, found.get("type"), found.get("message"), found.text) == (tag, kind, message, message)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.text() | st.sampled_from(["\0\x1b[31mred", "\ud800", "]]>", "<a & 'b'>", "ü\uffff"]))
def test_any_message_makes_a_document(message: str) -> None:
    """Errors quote what devices and programs said, whatever that was."""
    content = junit.xml("m", [Outcome("host", "aot", 0, 5, None, message, "device_gone")])
    (case,) = checked(content)[0]
    shown = case[0].attrib["message"]
    assert all(a in (b, "?", " ") or b == "\r" for a, b in zip(shown, message, strict=True))


def test_the_json_has_the_verdict_among_what_was_built() -> None:
    found = GOOD.as_json()
    assert list(found) == [
        "verdict", "model", "model_sha256", "board", "engine", "optimize", "arena_bytes", "const_bytes",
        "const_growth", "flash_bytes", "flash_limit_bytes", "ram_bytes", "ram_limit_bytes", "model_bytes", "kernels",
        "elf", "cut_off", "vectors", "distinct_outputs", "operators_compared", "mismatches", "vectors_source",
        "reference", "worst_difference", "explanation", "instructions", "cycles", "stack_bytes", "resends",
        "arena_used_bytes", "accuracy",
    ]  # fmt: skip
    assert found["verdict"] == "exact" and found["kernels"] == [{"op": 0, "kind": "conv_2d", "kernel": "nn_conv_2d"}]
    explained = EXPLAINED.as_json()["explanation"]
    assert explained == {"kind": "rounding", "sentence": "By one in CONV_2D.", "op": None}
    assert GOOD.report is not None
    built = replace(GOOD.report, verdict=None).as_json()
    assert list(built) == [key for key in found if key in built] and "verdict" not in built


def test_it_is_saved_whole(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "results.xml"
    junit.save("kws", [GOOD], path)
    assert ElementTree.parse(path).getroot()[0].get("name") == "kws"
    assert [file.name for file in path.parent.iterdir()] == ["results.xml"]
