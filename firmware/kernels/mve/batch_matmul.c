/* SPDX-License-Identifier: Apache-2.0
 *
 * Four columns at a time, all rows over them: values that are no neighbors are copied first. */
#include "batch_matmul.h"

#include "portable/matrices.h"
#include "rows.h"
#include "scaled.h"

enum { COLUMNS = 4 };

static void copy(const int8_t *from, int32_t step, int32_t count, int8_t *to) {
    const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
    for (; count > 0; count -= 8, from += 8 * step, to += 8) {
        const mve_pred16_t lanes = vctp16q((uint32_t)count);
        vstrbq_p_s16(to, vldrbq_gather_offset_z_s16(from, places, lanes), lanes);
    }
}

/* What is to be added to the sums of every row: offset2 * all of it, with offset1 * offset2 for each. */
static void beside(const nn_batch_matmul_t *op, const int8_t *x1, int8_t *row, int32_t *sums) {
    for (int32_t i = 0; i < op->rows; i++, x1 += op->row1) {
        const int8_t *x = x1;
        int32_t sum = op->offset1 * op->depth;
        if (op->depth1 != 1) {
            copy(x1, op->depth1, op->depth, row);
            x = row;
        }
        for (int32_t left = op->depth; left > 0; left -= 16, x += 16)
            sum = vaddvaq_s8(sum, vldrbq_z_s8(x, vctp8q((uint32_t)left)));
        sums[i] = sum * op->offset2;
    }
}

/* The columns' addresses, the last one's again where there are fewer, and offset1 * the sum of each. */
static int32x4_t begin(const nn_batch_matmul_t *op, const int8_t *x2, int32_t count, int8_t *copies,
                       const int8_t *column[COLUMNS]) {
    int32_t sums[COLUMNS];
    for (int32_t c = 0; c < COLUMNS; c++) {
        column[c] = x2 + (c < count ? c : count - 1) * op->column2;
        if (op->depth2 != 1) {
            copy(column[c], op->depth2, op->depth, copies);
            column[c] = copies;
            copies += op->depth;
        }
        sums[c] = 0;
        for (int32_t left = op->depth, at = 0; left > 0; left -= 16, at += 16)
            sums[c] = vaddvaq_s8(sums[c], vldrbq_z_s8(column[c] + at, vctp8q((uint32_t)left)));
    }
    return vmulq_n_s32(vldrwq_s32(sums), op->offset1);
}

static void matrix(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    int32_t *const of_rows = scratch;
    int8_t *const row = (int8_t *)(of_rows + op->rows), *const copies = row + op->depth;
    const int32x4_t low = vdupq_n_s32(INT8_MIN), high = vdupq_n_s32(INT8_MAX);
    beside(op, x1, row, of_rows);
    for (int32_t first = 0; first < op->columns; first += COLUMNS) {
        const int8_t *column[COLUMNS], *x = x1;
        int8_t *to = y + first;
        const int32_t left = op->columns - first;
        const int32x4_t start = begin(op, x2 + first * op->column2, left < COLUMNS ? left : COLUMNS, copies, column);
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        for (int32_t i = 0; i < op->rows; i++, x += op->row1, to += op->columns) {
            const int8_t *values = x;
            int32_t sums[COLUMNS];
            if (op->depth1 != 1) {
                copy(x, op->depth1, op->depth, row);
                values = row;
            }
            vstrwq_s32(sums, vaddq_n_s32(start, of_rows[i]));
            nn_dot_four(values, column[0], column[1], column[2], column[3], op->depth, sums, sums);
            const int32x4_t scaled = nn_scaled(vldrwq_s32(sums), op->multiplier, op->shift);
            vstrbq_p_s32(to, vminq_s32(vmaxq_s32(vaddq_n_s32(scaled, op->output_offset), low), high), lanes);
        }
    }
}

void nn_batch_matmul_mve(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    nn_matrices(op, x1, x2, y, scratch, matrix);
}
