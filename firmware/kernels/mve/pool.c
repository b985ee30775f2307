/* SPDX-License-Identifier: Apache-2.0 */
#include "elementwise.h"
#include "nn_math.h"

#include <arm_mve.h>

/* total: the sums of up to eight channels; 255 * 128 fits 16 bits. */
static void sums(int16_t *total, const int8_t *x, int32_t rows, int32_t columns, int32_t row_step, int32_t step,
                 int32_t channels) {
    vstrhq_s16(total, vdupq_n_s16(0));
    for (; rows > 0 && columns > 0; rows--, x += row_step) {
        const int8_t *element = x;
        __asm volatile("dls lr, %[columns]\n"
                       "vldrh.u16 q1, [%[total]]\n"
                       "1: vpst\n"
                       "vldrbt.s16 q0, [%[element]]\n"
                       "add %[element], %[element], %[step]\n"
                       "vadd.i16 q1, q1, q0\n"
                       "le lr, 1b\n"
                       "vstrh.16 q1, [%[total]]\n"
                       : [element] "+l"(element)
                       : [columns] "r"(columns), [step] "r"(step), [total] "r"(total), "Up"(vctp16q((uint32_t)channels))
                       : "lr", "q0", "q1", "memory", "cc");
    }
}

void nn_average_pool_2d_mve(const nn_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    int32_t channels = op->channels, row_step = op->in_w * channels, out_row = 0;
    for (int32_t rows_left = op->batches * op->out_h; rows_left > 0; rows_left--) {
        int32_t top = out_row * op->stride_h - op->pad_top, first_row = top > 0 ? top : 0;
        int32_t rows = nn_clamp(top + op->k_h, 0, op->in_h) - first_row;
        for (int32_t j = 0; j < op->out_w; j++, y += channels) {
            int32_t left = j * op->stride_w - op->pad_left, first = left > 0 ? left : 0;
            int32_t columns = nn_clamp(left + op->k_w, 0, op->in_w) - first, count = rows * columns;
            const int8_t *window = x + first_row * row_step + first * channels;
            int32_t merged = columns == op->in_w ? rows : 1; /* whole rows are one long row */
            for (int32_t c = 0; c < channels; c += 8) {
                int16_t total[8];
                sums(total, window + c, rows / merged, columns * merged, row_step, channels, channels - c);
                for (int32_t k = 0; k < 8 && c + k < channels; k++) {
                    int32_t half = total[k] < 0 ? -(count / 2) : count / 2;
                    y[c + k] = (int8_t)nn_clamp((total[k] + half) / count, op->act_min, op->act_max);
                }
            }
        }
        if (++out_row == op->out_h) {
            out_row = 0;
            x += op->in_h * row_step;
        }
    }
}
