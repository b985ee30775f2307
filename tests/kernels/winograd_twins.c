/* SPDX-License-Identifier: Apache-2.0
 *
 * The assembly of firmware/kernels/dsp/winograd*.S in C: the same reads and writes, for the host's sanitizers. */
#include "dsp/winograd_block.h"

/* Both in the order of winograd.S: columns of four values d, rows of the bytes at x. */
static int32_t along(const int32_t *d, int column) {
    return column == 0 ? d[1] + d[2] : column == 1 ? d[2] - d[1] : column == 2 ? d[0] - d[2] : d[1] - d[3];
}

static int32_t down(const int8_t *x, int32_t row, int i) {
    const int32_t d0 = x[0], d1 = x[row], d2 = x[2 * row], d3 = x[3 * row];
    return i == 0 ? d1 + d2 : i == 1 ? d1 - d2 : i == 2 ? d0 - d2 : d1 - d3;
}

void nn_winograd_input_dsp(const int8_t *x, int16_t *input, int32_t row, int32_t in_c) {
    for (int32_t c = 0; c < in_c; c++)
        for (int tile = 0; tile < NN_TILES; tile++)
            for (int p = 0; p < NN_POSITIONS; p++) {
                int32_t columns[4];
                for (int j = 0; j < 4; j++)
                    columns[j] = down(x + (2 * tile + j) * in_c + c, row, p / 4);
                input[2 * in_c * p + c / 4 * 8 + 4 * tile + c % 2 * 2 + c % 4 / 2] = (int16_t)along(columns, p % 4);
            }
}

void nn_winograd_filter_dsp(const int8_t *filter, int32_t in_c, int32_t *stream) {
    for (int32_t c = 0; c < in_c; c++)
        for (int p = 0; p < NN_POSITIONS; p++) {
            int32_t g[3];
            for (int j = 0; j < 3; j++) {
                const int32_t g0 = filter[in_c * j + c], g1 = filter[in_c * (3 + j) + c],
                              g2 = filter[in_c * (6 + j) + c];
                g[j] = p / 4 == 0 ? g0 + g1 + g2 : p / 4 == 1 ? g0 - g1 + g2 : p / 4 == 2 ? g0 : g2;
            }
            const int32_t u[4] = {g[0] + g[1] + g[2], g[0] - g[1] + g[2], 2 * g[0], 2 * g[2]};
            ((int16_t *)stream)[2 * in_c * p + c / 4 * 8 + c % 2 * 2 + c % 4 / 2] = (int16_t)u[p % 4];
        }
}

static int8_t output(const nn_winograd_block_t *block, int32_t sum, const int32_t *end) {
    int32_t value;
    if (block->linear)
        value = (end[2] + (int32_t)((int64_t)sum * end[1] >> 32)) >> 5;
    else
        value = (end[2] + (sum >> 31) + (int32_t)(((int64_t)sum * end[1] + (1ll << 31)) >> 32)) >> end[3] >> 1;
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

void nn_winograd_outputs_dsp(const nn_winograd_block_t *block) {
    const int32_t position = 8 * block->steps, *end = block->ends;
    const int16_t *stream = (const int16_t *)block->stream;
    int8_t *y = block->y;
    for (int channel = 0; y != block->y_end; y++, end += 4, channel ^= 1, stream += channel ? 0 : 16 * position)
        for (int tile = 0; tile < NN_TILES; tile++) {
            int32_t s[NN_POSITIONS] = {0}, x[2][4];
            for (int p = 0; p < NN_POSITIONS; p++)
                for (int32_t k = 0; k < position; k++)
                    if (k % 8 < 4)
                        s[p] += stream[position * p + k + 4 * channel] * block->input[position * p + k + 4 * tile];
            for (int i = 0; i < 4; i++) {
                x[0][i] = s[4 * i] + s[4 * i + 1] + s[4 * i + 2] + (i ? 0 : end[0]);
                x[1][i] = s[4 * i] - s[4 * i + 1] - s[4 * i + 3] + (i ? 0 : end[0]);
            }
            for (int j = 0; j < 2; j++) {
                int8_t *pixel = y + (2 * tile + j) * block->pixel;
                pixel[0] = output(block, x[j][2] + ((x[j][0] - x[j][1]) >> 1), end);
                pixel[block->row] = output(block, ((x[j][0] + x[j][1]) >> 1) - x[j][3], end);
            }
        }
}
