"""Sources of a firmware that is no model at all, for tests of what compiles and runs any model."""

from collections.abc import Mapping

from gen.compiler.engines import Sources
from gen.model.graph import Graph

EMPTY = Graph("none", "0" * 64, (), (), (), ())

ENGINE = """\
#include "engine.h"

static int8_t input[4], output[4];
static const engine_info_t info = {{{{0}}, "{name}", "dummy", 0, 0, 1, 1, 0}};

const engine_info_t *engine_info(void) {{
    return &info;
}}

engine_status_t engine_init(void) {{
    return ENGINE_OK;
}}

void *engine_input(unsigned index, size_t *bytes) {{
    if (bytes) {{
        *bytes = sizeof input;
    }}
    return index == 0 ? input : 0;
}}

const void *engine_output(unsigned index, size_t *bytes) {{
    if (bytes) {{
        *bytes = sizeof output;
    }}
    return index == 0 ? output : 0;
}}

engine_status_t engine_invoke(void) {{
    for (unsigned i = 0; i < sizeof input; i++) {{
        output[i] = (int8_t)(input[i] ^ 1);
    }}
    return ENGINE_OK;
}}

engine_status_t engine_reset(void) {{
    return ENGINE_OK;
}}

engine_status_t engine_invoke_op(unsigned op) {{
    (void)op;
    return ENGINE_BAD_INDEX;
}}

const void *engine_op_output(unsigned op, size_t *bytes) {{
    (void)op;
    (void)bytes;
    return 0;
}}
"""


def sources(
    name: str = "dummy", files: Mapping[str, str] | None = None, arena_bytes: int = 0, const_bytes: int = 0
) -> Sources:
    """An engine that inverts the lowest bit of four bytes, with more files and other figures where given."""
    return Sources(
        engine="dummy",
        name=name,
        graph=EMPTY,
        files={"engine.c": ENGINE.format(name=name), **(files or {})},
        firmware=(),
        include_dirs=(".",),
        arena_bytes=arena_bytes,
        peak_reason="operator 3 is large",
        model_bytes=const_bytes,
        const_bytes=const_bytes,
        kernels=(),
    )
