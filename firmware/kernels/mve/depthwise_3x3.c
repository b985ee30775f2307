/* SPDX-License-Identifier: Apache-2.0
 *
 * Some channels at a time. Of each a strip holds six lines of the input, interleaved, so that the nine elements of a
 * window are among sixteen neighbors: one vmladava an output, and the same weights for all windows. Position p of line
 * l is byte 6 p + l of the strip, also for l >= 6: later lines take the place of those that nobody needs, one position
 * further on. Outputs are written after the lines that they cover were read, and nobody needs them again, so that y may
 * be x when the sizes are the same; no channel is read again after its outputs were written. */
#include "depthwise_3x3.h"
#include "depthwise.h"

#include <arm_mve.h>

enum { POSITION = 0, LINE = 1, BLOCK = 8, GROUP = 4, LINES = 6, WINDOW = 3 };

/* What is the same for all lines of input; n: positions to read, after and before `right` of padding. */
typedef struct {
    const nn_depthwise_conv_2d_3x3_mve_t *op;
    int32_t n, right;
    int8_t padding[BLOCK];
} reader_t;

/* Eight channels of the strips' lines `line` (even) to before `end` (one more if that is odd); x: the image. */
static void read_lines(const reader_t *reader, int8_t *strips, const int8_t *x, int32_t line, int32_t end) {
    const nn_depthwise_conv_2d_3x3_mve_t *op = reader->op;
    int32_t x_step = op->x_step[POSITION], x_line = op->x_step[LINE], n = reader->n, right = reader->right;
    int32_t left = op->pad[POSITION], image = op->in[LINE], k = line - op->pad[LINE];
    const int8_t *padding = reader->padding;
    uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), op->strip_bytes);
    uint16x8_t columns = vreinterpretq_u16_s8(vdupq_n_s8((int8_t)op->pad_value));
    strips += line;
    for (; line < end; line += 2, k += 2, strips += 2) {
        int inside = k >= 0 && k < image, next_inside = k + 1 >= 0 && k + 1 < image;
        const int8_t *even = inside ? x + k * x_line : padding, *odd = next_inside ? x + (k + 1) * x_line : padding;
        int8_t *to = strips;
        __asm volatile("wls lr, %[left], 2f\n"
                       "1: vstrh.16 %q[columns], [%[to], %q[offsets]]\n"
                       "adds %[to], %[to], #6\n"
                       "le lr, 1b\n"
                       "2: wls lr, %[n], 4f\n"
                       "3: vldrb.u16 q0, [%[even]]\n"
                       "vldrb.u16 q1, [%[odd]]\n"
                       "add %[even], %[even], %[even_step]\n"
                       "vsli.16 q0, q1, #8\n"
                       "add %[odd], %[odd], %[odd_step]\n"
                       "vstrh.16 q0, [%[to], %q[offsets]]\n"
                       "adds %[to], %[to], #6\n"
                       "le lr, 3b\n"
                       "4: wls lr, %[right], 6f\n"
                       "5: vstrh.16 %q[columns], [%[to], %q[offsets]]\n"
                       "adds %[to], %[to], #6\n"
                       "le lr, 5b\n"
                       "6:\n"
                       : [even] "+l"(even), [odd] "+l"(odd), [to] "+l"(to)
                       : [left] "r"(left), [n] "r"(n), [right] "r"(right), [even_step] "r"(inside ? x_step : 0),
                         [odd_step] "r"(next_inside ? x_step : 0), [columns] "w"(columns), [offsets] "w"(offsets)
                       : "lr", "q0", "q1", "memory", "cc");
    }
}

void nn_depthwise_conv_2d_3x3_mve(const nn_depthwise_conv_2d_3x3_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    static nn_depthwise_lines_fn *const functions[2][2] = {
        {nn_depthwise_lines_1_any_mve, nn_depthwise_lines_1_relu_mve},
        {nn_depthwise_lines_2_any_mve, nn_depthwise_lines_2_relu_mve},
    };
    nn_depthwise_lines_fn *compute = functions[op->stride[POSITION] - 1][op->relu];
    int32_t channels = op->channels, bytes = op->strip_bytes, out = op->out[POSITION], stride = op->stride[LINE];
    int32_t some = 1 + (LINES - WINDOW) / stride; /* lines of outputs at a time */
    int32_t room = (out - 1) * op->stride[POSITION] + WINDOW - op->pad[POSITION], in = op->in[POSITION];
    reader_t reader = {.op = op, .n = room < in ? room : in, .right = room < in ? 0 : room - in};
    nn_depthwise_lines_t job = {
        .strip_bytes = bytes,
        .odd = out % 2,
        .pairs = out / 2,
        .y_step = 2 * op->y_step[POSITION],
        .offset = op->output_offset,
        .strip_line = stride - LINES * op->stride[POSITION] * out,
        .y_line = op->y_step[LINE] - out * op->y_step[POSITION],
    };
    int8_t *strips = scratch;
    for (int32_t i = 0; i < BLOCK; i++) {
        reader.padding[i] = (int8_t)op->pad_value;
        job.y_offsets[i] = (uint16_t)(i / 2 + i % 2 * op->y_step[POSITION]);
    }
    for (int32_t c = 0, n; c < channels; c += n) {
        n = channels - c < op->together + BLOCK ? channels - c : op->together;
        for (int32_t i = 0, next = 0, top = 0; i < op->out[LINE]; i += some, top += some * stride) {
            int32_t left = op->out[LINE] - i, lines = left < some ? left : some;
            int32_t end = top + (lines - 1) * stride + WINDOW;
            next = next < top ? top & ~1 : next;
            for (int32_t j = 0; j < n; j += BLOCK) {
                int32_t first = j < n - BLOCK ? j : n - BLOCK;
                read_lines(&reader, strips + first * bytes, x + c + first, next, end);
            }
            next = (end + 1) & ~1;
            job.lines = lines;
            job.strips = strips + top;
            job.weights = op->weights + 9 * c;
            job.params = op->params + 3 * c;
            job.y = y + c + i * op->y_step[LINE];
            job.groups = n / GROUP;
            compute(&job);
            if (n % GROUP) { /* the last group begins with channel channels - GROUP */
                job.strips += (n - GROUP) * bytes;
                job.weights += n / GROUP * GROUP * 9;
                job.params += n / GROUP * GROUP * 3;
                job.y += n - GROUP;
                job.groups = 1;
                compute(&job);
            }
        }
    }
}

void nn_depthwise_conv_2d_in_place_mve(const nn_depthwise_conv_2d_in_place_mve_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    nn_depthwise_conv_2d_3x3_mve(op, x, y, scratch);
}
