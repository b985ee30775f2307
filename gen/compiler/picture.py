"""The memory plan as an SVG picture: a rectangle for each block, operators from left to right, bytes upwards."""

from html import escape

from gen.compiler.program import ArenaPlan, Program
from gen.render import render

WIDTH, HEIGHT, MARGIN = 960, 440, 70  # pixels
COLORS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")  # Paul Tol's bright scheme
SCRATCH = "#bbbbbb"


def draw(program: Program, memory: ArenaPlan) -> str:
    """The text of an SVG file."""
    total = max(memory.placement.total, 1)
    steps = len(program.steps) + 1
    x_scale, y_scale = (WIDTH - MARGIN - 10) / steps, (HEIGHT - 2 * MARGIN) / total
    rectangles = []
    for number, (block, offset) in enumerate(zip(memory.placement.blocks, memory.placement.offsets, strict=True)):
        width, height = (block.last - block.first + 1) * x_scale, block.bytes * y_scale
        name = f"{block.name}: {block.bytes:,} bytes at {offset:,}"
        rectangles.append({
            "x": MARGIN + block.first * x_scale, "y": HEIGHT - MARGIN - (offset + block.bytes) * y_scale,
            "width": width, "height": height, "title": escape(name),
            "color": SCRATCH if block.name.startswith("scratch") else COLORS[number % len(COLORS)],
            "label": f"{block.bytes:,}" if width > 34 and height > 12 else "",
        })  # fmt: skip
    ticks = [
        {"x": MARGIN + (n + 0.5) * x_scale, "label": f"{s.call.op.index} {s.call.op.kind}"}
        for n, s in enumerate(program.steps)
    ]
    return render(
        "memory.svg", name=escape(program.graph.name), total=f"{total:,}", peak_reason=escape(memory.peak_reason),
        rectangles=rectangles, ticks=ticks, width=WIDTH, height=HEIGHT, bottom=HEIGHT - MARGIN, top=MARGIN,
        left=MARGIN, right=WIDTH - 10,
    )  # fmt: skip
