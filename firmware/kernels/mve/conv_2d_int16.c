/* SPDX-License-Identifier: Apache-2.0
 *
 * Two pixels at a time; windows are read as they lie on the image where both are wholly on it and their rows are long
 * stretches, else they are gathered into scratch memory. */
#include <string.h>

#include "portable/window.h"
#include "wide_fours.h"

enum { LANES = 8, LONG = 24 }; /* values of a row from which on it is not gathered */

/* A window's place. */
typedef struct {
    const int16_t *image;
    int32_t top, left;
} place_t;

/* count values; 0 or more. */
static inline int16_t *copy(const int16_t *from, int32_t count, int16_t *to) {
    int16_t *next = to;
    if (count > 0)
        __asm__ volatile("dlstp.16 lr, %[count]\n"
                         "1: vldrh.16 q0, [%[from]], #16\n"
                         "vstrh.16 q0, [%[next]], #16\n"
                         "letp lr, 1b\n"
                         : [from] "+r"(from), [next] "+r"(next)
                         : [count] "r"(count)
                         : "lr", "q0", "memory");
    return to + count;
}

static inline int16_t *clear(int32_t count, int16_t *to) {
    memset(to, 0, (size_t)count * sizeof *to);
    return to + count;
}

/* Whether it is wholly on the image. */
static inline int is_inside(const nn_conv_2d_int16_fours_t *op, const place_t *at) {
    return at->top >= 0 && at->top + (op->k_h - 1) * op->dilation_h < op->in_h && at->left >= 0 &&
           at->left + (op->k_w - 1) * op->dilation_w < op->in_w;
}

static inline const int16_t *begin(const nn_conv_2d_int16_fours_t *op, const place_t *at) {
    return at->image + (at->top * op->in_w + at->left) * op->in_c;
}

/* A window's values one after the other, zeros where it is beside the image. */
__attribute__((noinline)) static void gather(const nn_conv_2d_int16_fours_t *op, const place_t *at, int16_t *to) {
    const nn_span_t columns = nn_clip_window(at->left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, wide = op->dilation_w * in_c, width = columns.end - columns.first;
    const int joined = op->dilation_w == 1;
    for (int32_t i = 0; i < op->k_h; i++) {
        const int32_t row = at->top + i * op->dilation_h;
        if (row < 0 || row >= op->in_h || width <= 0) {
            to = clear(op->k_w * in_c, to);
            continue;
        }
        const int16_t *from = at->image + (row * op->in_w + at->left) * in_c + columns.first * wide;
        to = columns.first > 0 ? clear(columns.first * in_c, to) : to;
        for (int32_t j = joined ? 1 : width; j > 0; j--, from += wide)
            to = copy(from, joined ? width * in_c : in_c, to);
        to = columns.end < op->k_w ? clear((op->k_w - columns.end) * in_c, to) : to;
    }
}

/* Two windows as rows of run values, and how many bytes lie between the end of one row, in whole vectors, and the next,
 * of inputs and of weights; depth: values of a window. Assembly below has the members' places. */
typedef struct {
    int32_t rows, run, x_skip, w_skip;
    const int16_t *x[2];
    const int32_t *end; /* of the sums */
    int32_t depth;
} windows_t;

static inline void set_rows(windows_t *all, int32_t rows, int32_t run, int32_t row) {
    const int32_t whole = (run + LANES - 1) / LANES * LANES;
    all->rows = rows;
    all->run = run;
    all->x_skip = 2 * (row - whole);
    all->w_skip = run - whole;
    all->depth = rows * run;
}

/* Sums of two pixels next to each other, of channels in pairs, whose weights begin at w0 and w1, up to all->end, which
 * is not reached yet. */
__attribute__((noinline)) static void pair_sums(const windows_t *all, const int8_t *w0, const int8_t *w1,
                                                int32_t *sums) {
    const int16_t *xa, *xb;
    int32_t a0, b0, a1, b1, rows;
    __asm__ volatile("4: ldrd %[xa], %[xb], [%[all], #16]\n"
                     "ldr %[rows], [%[all]]\n"
                     "mov %[a0], #0\n"
                     "mov %[b0], #0\n"
                     "mov %[a1], #0\n"
                     "mov %[b1], #0\n"
                     "2: ldr lr, [%[all], #4]\n"
                     "dlstp.16 lr, lr\n"
                     "1: vldrh.16 q0, [%[xa]], #16\n"
                     "vldrb.s16 q1, [%[w0]], #8\n"
                     "vldrh.16 q2, [%[xb]], #16\n"
                     "vmladava.s16 %[a0], q0, q1\n"
                     "vldrb.s16 q3, [%[w1]], #8\n"
                     "vmladava.s16 %[b0], q2, q1\n"
                     "vmladava.s16 %[a1], q0, q3\n"
                     "vmladava.s16 %[b1], q2, q3\n"
                     "letp lr, 1b\n"
                     "ldrd r12, lr, [%[all], #8]\n"
                     "add %[w0], lr\n"
                     "add %[w1], lr\n"
                     "subs %[rows], #1\n"
                     "ittt ne\n"
                     "addne %[xa], r12\n"
                     "addne %[xb], r12\n"
                     "bne 2b\n"
                     "strd %[a0], %[b0], [%[sums]], #8\n"
                     "strd %[a1], %[b1], [%[sums]], #8\n"
                     "ldrd r12, lr, [%[all], #24]\n"
                     "mov %[w0], %[w1]\n"
                     "add %[w1], lr\n"
                     "cmp %[sums], r12\n"
                     "bne 4b\n"
                     : [w0] "+l"(w0), [w1] "+l"(w1), [sums] "+r"(sums), [xa] "=&r"(xa), [xb] "=&r"(xb), [a0] "=&Te"(a0),
                       [b0] "=&Te"(b0), [a1] "=&Te"(a1), [b1] "=&Te"(b1), [rows] "=&r"(rows)
                     : [all] "r"(all)
                     : "r12", "lr", "q0", "q1", "q2", "q3", "cc", "memory");
}

/* Sums of one pixel. The last four channels are moved back to be four; where there are fewer, they go one by one. */
__attribute__((noinline)) static void single_sums(const int16_t *x, const int8_t *weights, int32_t depth,
                                                  int32_t channels, int32_t *sums) {
    const int32_t step = channels < 4 ? 1 : 4, between = step > 1 ? depth : 0;
    for (int32_t c = 0; c < channels; c += step) {
        c = c > channels - step ? channels - step : c;
        const int16_t *from = x;
        const int8_t *w0 = weights + c * depth, *w1 = w0 + between, *w2 = w1 + between, *w3 = w2 + between;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        __asm__ volatile("dlstp.16 lr, %[depth]\n"
                         "1: vldrh.16 q0, [%[x]], #16\n"
                         "vldrb.s16 q1, [%[w0]], #8\n"
                         "vmladava.s16 %[s0], q0, q1\n"
                         "vldrb.s16 q1, [%[w1]], #8\n"
                         "vmladava.s16 %[s1], q0, q1\n"
                         "vldrb.s16 q1, [%[w2]], #8\n"
                         "vmladava.s16 %[s2], q0, q1\n"
                         "vldrb.s16 q1, [%[w3]], #8\n"
                         "vmladava.s16 %[s3], q0, q1\n"
                         "letp lr, 1b\n"
                         : [x] "+r"(from), [w0] "+l"(w0), [w1] "+l"(w1), [w2] "+l"(w2), [w3] "+l"(w3), [s0] "+Te"(s0),
                           [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3)
                         : [depth] "r"(depth)
                         : "lr", "q0", "q1", "memory");
        sums[c] = s0;
        if (step > 1) {
            sums[c + 1] = s1;
            sums[c + 2] = s2;
            sums[c + 3] = s3;
        }
    }
}

__attribute__((noinline)) static void finish_pair(const nn_conv_2d_int16_fours_t *op, const int32_t *sums, int16_t *y) {
    const int32x4_t low = vdupq_n_s32(op->act_min), high = vdupq_n_s32(op->act_max);
    const int32_t *end = op->ends, out_c = op->out_c;
    int32_t left = out_c;
    for (; left >= 4; left -= 4, sums += 8, y += 4, end += 16) {
        const int32x4x2_t both = vld2q_s32(sums);
        vstrhq_s32(y, nn_finished(end, both.val[0], low, high));
        vstrhq_s32(y + out_c, nn_finished(end, both.val[1], low, high));
    }
    if (left > 0) {
        const int32x4x2_t both = vld2q_s32(sums);
        vstrhq_p_s32(y, nn_finished(end, both.val[0], low, high), vctp32q((uint32_t)left));
        vstrhq_p_s32(y + out_c, nn_finished(end, both.val[1], low, high), vctp32q((uint32_t)left));
    }
}

__attribute__((noinline)) static void finish_single(const nn_conv_2d_int16_fours_t *op, const int32_t *sums,
                                                    int16_t *y) {
    const int32x4_t low = vdupq_n_s32(op->act_min), high = vdupq_n_s32(op->act_max);
    const int32_t *end = op->ends;
    int32_t left = op->out_c;
    for (; left >= 4; left -= 4, sums += 4, y += 4, end += 16)
        vstrhq_s32(y, nn_finished(end, vldrwq_s32(sums), low, high));
    if (left > 0)
        vstrhq_p_s32(y, nn_finished(end, vldrwq_s32(sums), low, high), vctp32q((uint32_t)left));
}

/* Two pixels. whole: memory for their windows. */
static void pair(const nn_conv_2d_int16_fours_t *op, const place_t at[2], int32_t *sums, int16_t *whole, int16_t *y) {
    const int32_t depth = op->k_h * op->k_w * op->in_c, run = op->k_w * op->in_c, out_c = op->out_c;
    const int straight = op->k_h == 1 || run >= LONG;
    windows_t all;
    if (straight && op->dilation_w == 1 && is_inside(op, &at[0]) && is_inside(op, &at[1])) {
        set_rows(&all, op->k_h, run, op->dilation_h * op->in_w * op->in_c);
        all.x[0] = begin(op, &at[0]);
        all.x[1] = begin(op, &at[1]);
    } else {
        set_rows(&all, 1, depth, 0);
        gather(op, &at[0], whole);
        gather(op, &at[1], whole + depth);
        all.x[0] = whole;
        all.x[1] = whole + depth;
    }
    all.end = sums + 2 * (out_c & ~1);
    if (out_c > 1)
        pair_sums(&all, op->weights, op->weights + depth, sums);
    if (out_c % 2) { /* the last one twice */
        const int8_t *const last = op->weights + (out_c - 1) * depth;
        int32_t *const behind = sums + 2 * (out_c - 1);
        all.end = behind + 4;
        pair_sums(&all, last, last, behind);
    }
    finish_pair(op, sums, y);
}

void nn_conv_2d_int16_mve(const nn_conv_2d_int16_fours_t *op, const int16_t *x, int16_t *y, void *scratch) {
    const int32_t depth = op->k_h * op->k_w * op->in_c, pixels = op->batches * op->out_h * op->out_w;
    int32_t *const sums = scratch;
    int16_t *const whole = (int16_t *)(sums + 2 * ((op->out_c + 3) & ~3));
    place_t held[2], at = {x, -op->pad_top, -op->pad_left};
    for (int32_t done = 0, h = 0, w = 0; done < pixels; done++) {
        held[done & 1] = at;
        if (done & 1) {
            pair(op, held, sums, whole, y);
            y += 2 * op->out_c;
        } else if (done + 1 == pixels) {
            const int direct = op->k_h == 1 && op->dilation_w == 1 && is_inside(op, &at);
            if (!direct)
                gather(op, &at, whole);
            single_sums(direct ? begin(op, &at) : whole, op->weights, depth, op->out_c, sums);
            finish_single(op, sums, y);
        }
        at.left += op->stride_w;
        if (++w == op->out_w) {
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
