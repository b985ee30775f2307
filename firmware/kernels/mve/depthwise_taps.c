/* SPDX-License-Identifier: Apache-2.0
 *
 * Some channels at a time: of each a strip holds a line of the input. Outputs are written after the line of their
 * channels was read, none of them behind it, so that y may be x. */
#include "depthwise_taps.h"
#include "depthwise.h"

#include <arm_mve.h>

enum { BLOCK = 64, LOADED = 32, OUTPUTS = 8, PAIR_WORDS = 14 };

static const uint16_t order[OUTPUTS] = {0, 4, 2, 6, 1, 5, 3, 7};

/* n times two elements of LOADED channels, x_step apart, to their strips, from an even place on. */
static inline void load(int8_t *strips, int32_t strip_bytes, const int8_t *x, int32_t x_step, int32_t n) {
    uint16x8_t even = vmulq_n_u16(vidupq_n_u16(0, 2), (uint16_t)strip_bytes);
    int8_t *half = strips + LOADED / 2 * strip_bytes;
    __asm volatile(
        "wls lr, %[n], 2f\n"
        "1: vldrb.u8 q0, [%[x]]\n"
        "vldrb.u8 q1, [%[x], #16]\n"
        "add %[x], %[x], %[x_step]\n"
        "vldrb.u8 q2, [%[x]]\n"
        "vldrb.u8 q3, [%[x], #16]\n"
        "add %[x], %[x], %[x_step]\n"
        "vmov q4, q0\n"
        "vsli.16 q4, q2, #8\n"
        "vsri.16 q2, q0, #8\n"
        "vstrh.16 q4, [%[strips], %q[even]]\n"
        "vstrh.16 q2, [%[strips], %q[odd]]\n"
        "vmov q4, q1\n"
        "vsli.16 q4, q3, #8\n"
        "vsri.16 q3, q1, #8\n"
        "vstrh.16 q4, [%[half], %q[even]]\n"
        "vstrh.16 q3, [%[half], %q[odd]]\n"
        "adds %[strips], %[strips], #2\n"
        "adds %[half], %[half], #2\n"
        "le lr, 1b\n"
        "2:\n"
        : [x] "+l"(x), [strips] "+l"(strips), [half] "+l"(half)
        : [n] "r"(n), [x_step] "r"(x_step), [even] "w"(even), [odd] "w"(vaddq_n_u16(even, (uint16_t)strip_bytes))
        : "lr", "q0", "q1", "q2", "q3", "q4", "memory", "cc");
}

void nn_depthwise_conv_2d_taps_mve(const nn_depthwise_conv_2d_taps_mve_t *op, const int8_t *x, int8_t *y,
                                   void *scratch) {
    const int32_t out = op->out, in = out + op->taps - 1, lead = in % 2, bytes = op->strip_bytes, step = op->step;
    const int32_t some = out >= OUTPUTS ? OUTPUTS : 1, last = out - some; /* outputs at a time; where they end */
    nn_depthwise_taps_fn *compute = some == 1 ? nn_depthwise_taps_one_mve : nn_depthwise_taps_eight_mve;
    nn_depthwise_taps_t job = {.strip_bytes = bytes, .offset = op->output_offset};
    vst1q_u16(job.y_offsets, vmulq_n_u16(vld1q_u16(order), (uint16_t)step));
    for (int32_t line = 0; line < op->lines; line++, x += op->x_line, y += op->y_line) {
        job.channels = op->channels;
        for (int32_t left = op->out_c, c = 0, n; left > 0; left -= n, c += n) {
            n = left < BLOCK + LOADED ? left : BLOCK;
            for (int32_t i = 0; i < n; i += LOADED) {
                int32_t first = i < n - LOADED ? i : n - LOADED;
                int8_t *to = (int8_t *)scratch + first * bytes;
                const int8_t *from = x + c + first;
                if (lead) /* the first element of an odd number takes the place before it, too */
                    load(to, bytes, from, 0, 1);
                load(to + 2 * lead, bytes, from + lead * step, step, in / 2);
            }
            job.pairs = n / 2;
            for (int32_t t = 0; t < out; t += some) {
                int32_t begin = t < last ? t : last;
                job.strips = (int8_t *)scratch + lead + begin;
                job.y = y + c + begin * step;
                compute(&job);
            }
            job.channels += n / 2 * PAIR_WORDS;
        }
    }
}
