"""bench: what counts as worse, what a row holds, cycles from counted blocks, and one real run against the baseline."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen.bench import baseline, measure, report
from gen.bench import peers as bench_peers
from gen.bench.measure import Row
from gen.cli.main import main
from gen.compiler.kernels.select import LEVELS
from gen.device import board
from gen.errors import UnsupportedOp, UsageError
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.verify import cycles
from gen.verify.built import usual_folder
from gen.verify.profile import OperatorProfile
from tests import tiny

M4 = "qemu_mps2_an386"
ROW = Row("kws", "ab" * 32, M4, "aot", "balanced", "exact", 1000, None, 2000, 3000, 4000, 500)


def saved(path: Path, *rows: Row) -> list[baseline.Metrics]:
    baseline.save(rows, path)
    return baseline.load(path)


def test_what_has_grown_is_named(tmp_path: Path) -> None:
    old = saved(tmp_path / "b.json", ROW)
    assert baseline.worse([ROW], old) == []
    assert baseline.worse([replace(ROW, instructions=1020, code_bytes=2040, arena_bytes=4080)], old) == []
    assert baseline.worse([replace(ROW, instructions=500, code_bytes=1, arena_bytes=1, const_bytes=10**6)], old) == []
    for row, words in (
        (replace(ROW, instructions=1021), "grew by 2.1 %: 1,000 -> 1,021 instructions"),
        (replace(ROW, code_bytes=2041), "2,000 -> 2,041 bytes of code"),
        (replace(ROW, arena_bytes=4081), "4,000 -> 4,081 bytes of arena"),
        (replace(ROW, instructions=None), "no longer measured: 1,000 -> none instructions"),
    ):
        (sentence,) = baseline.worse([row], old)
        assert sentence.startswith(f"kws {M4} aot balanced: ") and words in sentence
    assert len(baseline.worse([replace(ROW, instructions=2000, code_bytes=4000, arena_bytes=8000)], old)) == 3


def test_what_cannot_be_compared_is_not_passed_over(tmp_path: Path) -> None:
    old = saved(tmp_path / "b.json", ROW)
    for row, words in (
        (replace(ROW, optimize="speed"), "is not in the baseline"),
        (replace(ROW, model_sha256="cd" * 32), "another file of that name"),
        (replace(ROW, verdict="off_by_one", note="why"), "verdict off_by_one, was exact: why"),
    ):
        (sentence,) = baseline.worse([row], old)
        assert words in sentence
    assert "nothing to check" in baseline.worse([replace(ROW, engine="bakenn")], old)[0]


def test_saving_replaces_what_was_measured_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    saved(path, ROW, replace(ROW, engine="tflm", optimize=None), replace(ROW, engine="bakenn"))
    rows = saved(path, replace(ROW, instructions=7))
    assert [(row["engine"], row["instructions"]) for row in rows] == [("aot", 7), ("tflm", 1000)]
    content = path.read_bytes()
    assert saved(path, replace(ROW, instructions=7)) == rows and path.read_bytes() == content


@pytest.mark.parametrize("text", [None, "", "[]", '{"rows": [{}]}', '{"rows": 1}', '{"rows": [1]}'])
def test_a_damaged_baseline_says_what_to_do(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "b.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match="bench --save"):
        baseline.load(path)


def test_every_combination_is_a_row_and_levels_only_where_there_are_some() -> None:
    (model,) = measure.load(["ad"])
    todo = measure.cases([model], [board.load(M4), board.load("host")], ["aot", "tflm", "bakenn"])
    assert [(c.board.id, c.engine, c.optimize) for c in todo[:5]] == [
        *((M4, "aot", level) for level in LEVELS),
        (M4, "tflm", None),
        (M4, "bakenn", None),
    ]
    folders = {usual_folder(case.model, case.board, case.options()) for case in todo}
    assert len(todo) == 10 and len(folders) == 10


def test_wrong_words_get_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "kwz"]) == 2
    assert "did you mean 'kws'?" in capsys.readouterr().err
    assert main(["bench", "kws", "--engines", "aott"]) == 2
    assert "did you mean 'aot'?" in capsys.readouterr().err


def test_what_stops_one_row_is_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "kws", "--boards", "stm32vldiscovery", "--engines", "tflm", "aot", "--json"]
    assert main(words) == 0  # too small a board is no fault
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["does_not_fit"] * (1 + len(LEVELS))
    assert all("bytes of RAM" in row["note"] and row["instructions"] is None for row in rows)


def test_the_page_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    operator = OperatorProfile(3, "conv_2d", "nn_conv_2d_dsp", 900, 0.9)
    peers = [replace(ROW, model=name, engine="bakenn", note="edited") for name in ("kws", "ad")]
    rows = [replace(ROW, m4_cycles=1500, operators=(operator,)), *peers]
    page = report.markdown(rows, [board.load(M4)], "gen bench")
    assert f"## Cortex-M4F ({M4})\n\n| model | engine |" in page
    assert "\n| kws | aot | balanced | 1,000 | 1,500 | 2,000 | 3,000 | 4,000 | 500 | exact |\n" in page
    assert "\n- kws bakenn balanced, ad bakenn balanced: edited\n" in page
    assert "\n| 3 | CONV_2D | nn_conv_2d_dsp | 900 | 90.0 % |\n" in page
    assert "\n|---|---|---|--:|--:|--:|--:|--:|--:|---|\n" in page and "M4 cycles |" in page
    assert "M4 cycles |" not in report.markdown(peers, [board.load(M4)], "gen bench")
    report.show(rows)
    shown = capsys.readouterr().out
    assert "nn_conv_2d_dsp" in shown and "1,500" in shown and M4 in shown


LISTING = """
00000100 <engine_invoke>:
     100:\tpush\t{r4, r5, r6, lr}
     102:\tldr.w\tr0, [r1, #4]
     106:\tldr\tr2, [r1, #8]
     108:\tldr\tr3, [r2, #0]\t; (chained)
     10a:\tsmlad\tr0, r3, r2, r0
     10e:\tsubs\tr4, #1
     110:\tbne.n\t102 <engine_invoke+0x2>
     112:\tpop\t{r4, r5, r6, pc}
00000114 <link_run>:
     114:\tbl\t100 <engine_invoke>
     118:\tnop
"""


def test_cycles_are_counted_blocks_times_arms_timing() -> None:
    code = cycles.parse(LISTING)
    assert cycles._span(code) == (0x100, 0x118)
    # push 5; loads 2, 1 (pipelined), 2 (needs the one before); smlad, subs, bne 1 each; pop 5; refill 2 a jump.
    loop = 2 + 1 + 2 + 1 + 1 + 1
    blocks = cycles.read_blocks("100 7 1 1\n102 6 9 8\n112 1 1 1\n")
    assert cycles.total(blocks, code) == 5 + 10 * loop + 5 + 10 * cycles.REFILL


@pytest.mark.parametrize(
    ("mnemonic", "operands", "wanted"),
    [
        ("add", "r0, r1, r2", 1), ("smmla", "r0, r1, r2, r3", 1), ("str", "r0, [r1, #4]", 1), ("ldrsb", "r0, [r1]", 2),
        ("ldmia", "r0!, {r1, r4-r7}", 6), ("stmdb", "sp!, {r4-r9, sl, fp, lr}", 10), ("ldrd", "r0, r1, [r2]", 3),
        ("udiv", "r0, r1, r2", cycles.DIVIDE), ("vldr", "s0, [r0]", 2), ("vpush", "{d8-d9}", 5),
        ("vdiv.f32", "s0, s1", 14), ("ldr", "r0, [pc, #8]", 2),
    ],
)  # fmt: skip
def test_cycles_of_one_instruction(mnemonic: str, operands: str, wanted: int) -> None:
    assert cycles.cost(cycles.Instruction(mnemonic, operands), None) == wanted


def test_the_peer_gets_an_edited_model_and_says_so() -> None:
    (model,) = measure.load(["kws"])
    content, edits = bench_peers.edit(model.content)
    edited = tflite.read(content, "kws")
    assert "SOFTMAX cut off the end" in edits and "batch of -1 made 1" in edits
    assert [op.kind for op in model.graph.ops if op.kind != "softmax"] == [op.kind for op in edited.ops]
    mine, its = ([t.data for t in g.tensors if t.dtype == "int8" and t.data is not None] for g in (model.graph, edited))
    assert all(np.array_equal(a, b) for a, b in zip(mine, its, strict=True))


@pytest.mark.parametrize("bias", [True, False])
def test_the_peer_takes_old_versions_and_a_missing_bias(bias: bool) -> None:
    """Every operator of a tiny model has version 1, which it refuses, and the bias a scale that it refuses too."""
    tensors = [tiny.T((1, 4), scale=0.1), tiny.T((2, 4), scale=0.1, data=np.ones((2, 4), np.int8)),
               tiny.T((2,), "int32", scale=0.5, data=np.array([1, 2])), tiny.T((1, 2), scale=0.1)]  # fmt: skip
    op = tiny.O("FULLY_CONNECTED", [0, 1, 2 if bias else -1], [3], {}, "FullyConnectedOptions")
    content = tiny.model(tensors, [op], [0], [3])
    peer = bench_peers.generate(QuantizedModel(content, tflite.read(content, "m"), None), board.load("host"))
    assert "operator versions restated (FULLY_CONNECTED)" in peer.note
    assert ("bias scales restated" in peer.note) == bias
    assert peer.sources.arena_bytes >= 6 and "bknn_peer.c" in peer.sources.files


def test_the_peer_s_refusal_is_a_sentence() -> None:
    x, y = tiny.T((1, 4), scale=0.1), tiny.T((1, 4), scale=1 / 256, zero_point=-128)
    ops = [tiny.O("LOGISTIC", [0], [1]), tiny.O("LOGISTIC", [1], [2]), tiny.O("RELU", [2], [3])]
    content = tiny.model([x, y, y, y], ops, [0], [3])
    with pytest.raises(UnsupportedOp, match="bakenn refuses the model"):
        bench_peers.generate(QuantizedModel(content, tflite.read(content, "m"), None), board.load(M4))


def test_kws_is_no_worse_than_the_committed_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """The real thing, as CI wants it; the same figures against a doctored baseline must fail."""
    words = ["kws", "--boards", M4, "--engines", "aot", "tflm", "--optimize", "balanced"]
    assert main(["bench", *words, "--check", "--profile", "--cycles", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["engine"] for row in found] == ["aot", "tflm"]
    for row in found:
        assert row["verdict"] == "exact" and row["stack_bytes"] > 0
        # One activation has 8,000 bytes; with everything in place little more is needed.
        assert row["arena_bytes"] >= 8000 and row["code_bytes"] > 1000 and row["const_bytes"] > 20000
        alone = sum(operator["instructions"] for operator in row["operators"])
        assert abs(alone / row["instructions"] - 1) < 0.02
        assert sum(operator["share"] for operator in row["operators"]) == pytest.approx(1)
        assert all(operator["kernel"].startswith("nn_") for operator in row["operators"])
        assert 1 < row["m4_cycles"] / row["instructions"] < 2.5
        row.pop("operators")
    rows = [Row(**row) for row in found]
    old = [row for row in baseline.load() if row["model"] == "kws"]
    assert baseline.worse(rows, old) == []
    doctored = [{**row, "instructions": row["instructions"] // 2} for row in old]
    assert [s.split(":")[0] for s in baseline.worse(rows, doctored)] == [f"kws {M4} aot balanced", f"kws {M4} tflm"]


def test_the_peer_runs_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "ad", "--boards", M4, "--engines", "bakenn", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["verdict"] == "exact" and row["note"].startswith("bakenn 1.0.0: 10 of 10 kernels from CMSIS-NN")
    assert 500_000 < row["instructions"] < 700_000 and row["arena_bytes"] == 272 + 640 + 640
