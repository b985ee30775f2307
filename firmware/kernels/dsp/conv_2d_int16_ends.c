/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows are packed into scratch memory, two pixels' together: of each four inputs the first and the third in a word,
 * the second and the fourth in the next, as sxtb16 gives four weights. */
#include <string.h>

#include "portable/window.h"
#include "wide_ends.h"

enum { PAIR = 4, SINGLE = 2 }; /* words from four inputs of a pixel to its next four */

/* A window's place. */
typedef struct {
    const int16_t *image;
    int32_t top, left;
} place_t;

/* Four inputs at a time. The end of what is written. */
static inline int32_t *pack(const int16_t *x, int32_t fours, int32_t *to, int32_t step) {
    int32_t a, b, c;
    if (fours > 0)
        __asm__ volatile("1: ldr %[a], [%[x]], #4\n"
                         "ldr %[b], [%[x]], #4\n"
                         "pkhbt %[c], %[a], %[b], lsl #16\n"
                         "pkhtb %[b], %[b], %[a], asr #16\n"
                         "strd %[c], %[b], [%[to]]\n"
                         "add %[to], %[step]\n"
                         "subs %[fours], #1\n"
                         "bne 1b\n"
                         : [x] "+r"(x), [to] "+r"(to), [fours] "+r"(fours), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c)
                         : [step] "r"(4 * step)
                         : "cc", "memory");
    return to;
}

static inline int32_t *clear(int32_t fours, int32_t *to, int32_t step) {
    for (; fours > 0; fours--, to += step)
        to[0] = to[1] = 0;
    return to;
}

/* The window as it is, zeros where it is beside the image. */
static void gather(const nn_conv_2d_int16_ends_t *op, const place_t *at, int16_t *to) {
    const nn_span_t columns = nn_clip_window(at->left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c;
    for (int32_t i = 0; i < op->k_h; i++) {
        const int32_t row = at->top + i * op->dilation_h;
        const int16_t *from = at->image + (row * op->in_w + at->left) * in_c;
        const int inside = row >= 0 && row < op->in_h;
        for (int32_t j = 0; j < op->k_w; j++, from += op->dilation_w * in_c)
            for (int32_t c = 0; c < in_c; c++)
                *to++ = inside && j >= columns.first && j < columns.end ? from[c] : 0;
    }
}

/* As gather() and pack(), of channels in fours, where a window is not wholly on the image or its rows are no stretches.
 */
__attribute__((noinline)) static void pack_parts(const nn_conv_2d_int16_ends_t *op, const place_t *at, int32_t *to,
                                                 int32_t step) {
    const nn_span_t columns = nn_clip_window(at->left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, fours = in_c / 4, width = columns.end - columns.first;
    const int joined = op->dilation_w == 1;
    for (int32_t i = 0; i < op->k_h; i++) {
        const int32_t row = at->top + i * op->dilation_h;
        if (row < 0 || row >= op->in_h || width <= 0) {
            to = clear(op->k_w * fours, to, step);
            continue;
        }
        const int16_t *from = at->image + (row * op->in_w + at->left + columns.first * op->dilation_w) * in_c;
        to = clear(columns.first * fours, to, step);
        for (int32_t j = joined ? 1 : width; j > 0; j--, from += op->dilation_w * in_c)
            to = pack(from, joined ? width * fours : fours, to, step);
        to = clear((op->k_w - columns.end) * fours, to, step);
    }
}

static inline void pack_window(const nn_conv_2d_int16_ends_t *op, const place_t *at, int32_t *to, int32_t step) {
    const int32_t bottom = at->top + (op->k_h - 1) * op->dilation_h, right = at->left + op->k_w;
    if (at->top < 0 || bottom >= op->in_h || at->left < 0 || right > op->in_w || op->dilation_w != 1) {
        pack_parts(op, at, to, step);
        return;
    }
    const int32_t in_c = op->in_c, fours = op->k_w * in_c / 4, row = op->dilation_h * op->in_w * in_c;
    const int16_t *from = at->image + (at->top * op->in_w + at->left) * in_c;
    for (int32_t i = op->k_h; i > 0; i--, from += row)
        to = pack(from, fours, to, step);
}

/* Four inputs of two pixels and two channels. */
#define FOUR                                                                                                           \
    "ldr %[v], [%[w], %[channel]]\n"                                                                                   \
    "ldrd %[p], %[q], [%[x]], #8\n"                                                                                    \
    "ldrd %[r], %[s], [%[x]], #8\n"                                                                                    \
    "sxtb16 %[t], %[v]\n"                                                                                              \
    "sxtb16 %[v], %[v], ror #8\n"                                                                                      \
    "smlad %[a1], %[t], %[p], %[a1]\n"                                                                                 \
    "smlad %[b1], %[t], %[r], %[b1]\n"                                                                                 \
    "smlad %[a1], %[v], %[q], %[a1]\n"                                                                                 \
    "smlad %[b1], %[v], %[s], %[b1]\n"                                                                                 \
    "ldr %[v], [%[w]], #4\n"                                                                                           \
    "sxtb16 %[t], %[v]\n"                                                                                              \
    "sxtb16 %[v], %[v], ror #8\n"                                                                                      \
    "smlad %[a0], %[t], %[p], %[a0]\n"                                                                                 \
    "smlad %[b0], %[t], %[r], %[b0]\n"                                                                                 \
    "smlad %[a0], %[v], %[q], %[a0]\n"                                                                                 \
    "smlad %[b0], %[v], %[s], %[b0]\n"

/* Sums of two pixels, of a channel next to each other. */
__attribute__((noinline)) static void pair_sums(const int32_t *packed, const int8_t *w, int32_t depth, int32_t channels,
                                                int32_t *sums) {
    const int32_t *const packed_end = packed + PAIR * (depth / 4);
    for (; channels > 0; channels -= 2, sums += 4) {
        const int32_t *x = packed, w_channel = channels > 1 ? depth : 0;
        int32_t a0 = 0, b0 = 0, a1 = 0, b1 = 0, p, q, r, s, v, t;
        if (x != packed_end)
            /* Two fours in a turn; an odd number begins in the middle. */
            __asm__ volatile("sub %[v], %[end], %[x]\n"
                             "tst %[v], #16\n"
                             "bne 2f\n"
                             "1:\n" FOUR "2:\n" FOUR "cmp %[x], %[end]\n"
                             "bne 1b\n"
                             : [x] "+r"(x), [w] "+r"(w), [a0] "+r"(a0), [b0] "+r"(b0), [a1] "+r"(a1), [b1] "+r"(b1),
                               [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r), [s] "=&r"(s), [v] "=&r"(v), [t] "=&r"(t)
                             : [channel] "r"(w_channel), [end] "r"(packed_end)
                             : "cc", "memory");
        w += depth % 4 + depth;
        sums[0] = a0;
        sums[1] = b0;
        sums[2] = a1;
        sums[3] = b1;
    }
}

/* Sums of one pixel. The last four channels are moved back to be four; where there are fewer, they go one by one. */
__attribute__((noinline)) static void single_sums(const int32_t *packed, const int8_t *weights, int32_t depth,
                                                  int32_t channels, int32_t *sums) {
    const int32_t step = channels < 4 ? 1 : 4, w_channel = step > 1 ? depth : 0;
    for (int32_t done = 0; done < channels; done += step) {
        done = done > channels - step ? channels - step : done;
        const int32_t *x = packed;
        const int8_t *w = weights + done * depth, *other = w + 2 * w_channel;
        int32_t a = 0, b = 0, c = 0, d = 0, p, q, v, t, fours = depth / 4;
        if (fours > 0)
            __asm__ volatile(
                "1: ldrd %[p], %[q], [%[x]], #8\n"
                "ldr %[v], [%[w], %[channel]]\n"
                "sxtb16 %[t], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[b], %[t], %[p], %[b]\n"
                "smlad %[b], %[v], %[q], %[b]\n"
                "ldr %[v], [%[w]], #4\n"
                "sxtb16 %[t], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[a], %[t], %[p], %[a]\n"
                "smlad %[a], %[v], %[q], %[a]\n"
                "ldr %[v], [%[other], %[channel]]\n"
                "sxtb16 %[t], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[d], %[t], %[p], %[d]\n"
                "smlad %[d], %[v], %[q], %[d]\n"
                "ldr %[v], [%[other]], #4\n"
                "sxtb16 %[t], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[c], %[t], %[p], %[c]\n"
                "smlad %[c], %[v], %[q], %[c]\n"
                "subs %[fours], #1\n"
                "bne 1b\n"
                : [x] "+r"(x), [w] "+r"(w), [other] "+r"(other), [fours] "+r"(fours), [a] "+r"(a), [b] "+r"(b),
                  [c] "+r"(c), [d] "+r"(d), [p] "=&r"(p), [q] "=&r"(q), [v] "=&r"(v), [t] "=&r"(t)
                : [channel] "r"(w_channel)
                : "cc", "memory");
        sums[done] = a;
        if (step > 1) {
            sums[done + 1] = b;
            sums[done + 2] = c;
            sums[done + 3] = d;
        }
    }
}

/* What the inputs behind the last four of windows add to their sums. */
static void add_rest(const int16_t *whole, const int8_t *w, int32_t depth, int32_t pixels, int32_t *sums,
                     int32_t channels) {
    for (; channels > 0; channels--, w += depth)
        for (int32_t p = 0; p < pixels; p++, sums++)
            for (int32_t i = depth & ~3; i < depth; i++)
                *sums += whole[p * depth + i] * w[i];
}

/* Outputs of so many pixels, 1 or 2. */
static inline void finish(const nn_conv_2d_int16_ends_t *op, const int32_t *sums, int32_t pixels, int16_t *y) {
    const int32_t out_c = op->out_c, act_min = op->act_min, act_max = op->act_max;
    const int32_t *end = op->ends;
    for (const int16_t *const last = y + out_c; y < last; y++, end += NN_END_WORDS) {
        y[0] = nn_wide_end(end, *sums++, act_min, act_max);
        if (pixels > 1)
            y[out_c] = nn_wide_end(end, *sums++, act_min, act_max);
    }
}

__attribute__((noinline)) static void finish_pair(const nn_conv_2d_int16_ends_t *op, const int32_t *sums, int16_t *y) {
    finish(op, sums, 2, y);
}

__attribute__((noinline)) static void finish_single(const nn_conv_2d_int16_ends_t *op, const int32_t *sums,
                                                    int16_t *y) {
    finish(op, sums, 1, y);
}

void nn_conv_2d_int16_ends_dsp(const nn_conv_2d_int16_ends_t *op, const int16_t *x, int16_t *y, void *scratch) {
    const int32_t depth = op->k_h * op->k_w * op->in_c, fours = depth / 4, row = op->out_w, image = op->out_h * row;
    const int32_t pixels = op->batches * image;
    int32_t *const packed = scratch;
    int32_t *const sums = packed + PAIR * fours;
    int16_t *const whole = (int16_t *)(sums + 2 * (op->out_c + op->out_c % 2));
    place_t at = {x, -op->pad_top, -op->pad_left};
    for (int32_t done = 0, held = 0, h = 0, w = 0; done < pixels; done++) {
        const int32_t step = held == 0 && done + 1 == pixels ? SINGLE : PAIR;
        if (op->in_c % 4 == 0) {
            pack_window(op, &at, packed + 2 * held, step);
        } else {
            gather(op, &at, whole + held * depth);
            pack(whole + held * depth, fours, packed + 2 * held, step);
        }
        held++;
        if (held == 2 || step == SINGLE) {
            (held == 2 ? pair_sums : single_sums)(packed, op->weights, depth, op->out_c, sums);
            if (depth % 4)
                add_rest(whole, op->weights, depth, held, sums, op->out_c);
            (held == 2 ? finish_pair : finish_single)(op, sums, y);
            y += held * op->out_c;
            held = 0;
        }
        at.left += op->stride_w;
        if (++w == row) {
            w = 0;
            at.left = -op->pad_left;
            at.top += op->stride_h;
            if (++h == op->out_h) {
                h = 0;
                at.top = -op->pad_top;
                at.image += op->in_h * op->in_w * op->in_c;
            }
        }
    }
}
