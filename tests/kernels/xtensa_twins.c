/* SPDX-License-Identifier: Apache-2.0
 *
 * The assembly of firmware/kernels/xtensa/ in C: the same reads and writes, for the host's sanitizers. */
#include "xtensa/output.h"

static void unpack(const uint32_t *words, int32_t *sums) {
    uint32_t low = words[0] >> 21, b = words[1] >> 10;
    b -= (b - low) & 0x7ff;
    sums[0] += (int32_t)(words[0] & 0x1fffff);
    sums[1] += (int32_t)b;
    sums[2] += (int32_t)(words[1] - (b << 10));
}

static void chunk(nn_triples_t *job, const uint32_t *column, const uint8_t *weights) {
    for (int c = 0; c < NN_CHANNELS; c++) {
        uint32_t x = column[0], y = column[1];
        for (int32_t k = 0; k < job->chunk_bytes / 8; k++) {
            x += column[2 + 2 * k] * weights[NN_CHANNELS * k + c];
            y += column[3 + 2 * k] * weights[NN_CHANNELS * k + c];
        }
        job->words[2 * c] = x;
        job->words[2 * c + 1] = y;
    }
}

void nn_gemm_triples_xtensa(nn_triples_t *job) {
    const nn_output_line_t out = {job->mode, job->bits, 0, job->act_min, job->act_max};
    do {
        const uint32_t *column = (const uint32_t *)job->columns;
        int32_t sums[NN_CHANNELS * NN_TRIPLE] = {0};
        for (int32_t i = 0; i < job->chunks; i++, column += 2 + job->chunk_bytes / 4) {
            chunk(job, column, (const uint8_t *)job->stream);
            job->stream += job->chunk_bytes / 8;
            for (int c = 0; c < NN_CHANNELS; c++)
                unpack(job->words + 2 * c, sums + NN_TRIPLE * c);
        }
        if (job->mode == NN_GENERAL) {
            for (int i = 0; i < NN_CHANNELS * NN_TRIPLE; i++)
                job->sums[i] = sums[i];
            return;
        }
        for (int c = 0; c < NN_CHANNELS && job->channels > 0; c++, job->channels--, job->y++) {
            job->y[0] = nn_output_by_record(&out, sums[NN_TRIPLE * c], job->stream);
            job->y[job->y_1] = nn_output_by_record(&out, sums[NN_TRIPLE * c + 1], job->stream);
            job->y[job->y_2] = nn_output_by_record(&out, sums[NN_TRIPLE * c + 2], job->stream);
            job->stream += nn_record_words(job->mode);
        }
    } while (job->channels > 0);
}

void nn_gemm_column_xtensa(nn_column_t *job) {
    for (int32_t i = 0; i < job->rows; i++) {
        const int32_t row = i * (job->count + job->skip);
        for (int32_t k = row; k < row + job->count; k++) {
            const uint32_t a = (uint32_t)job->a[k], b = (uint32_t)job->b[k], c = (uint32_t)job->c[k];
            *job->to++ = a + (b << NN_MIDDLE_1);
            *job->to++ = c + (b << NN_MIDDLE_2);
            job->starts[0] -= 128 * (a + (b << NN_MIDDLE_1));
            job->starts[1] -= 128 * (c + (b << NN_MIDDLE_2));
        }
    }
    job->a += job->rows * (job->count + job->skip);
    job->b += job->rows * (job->count + job->skip);
    job->c += job->rows * (job->count + job->skip);
}

/* A sum is stored when all of its three columns have been read. */
void nn_depthwise_3x3_xtensa(const nn_plane_t *job) {
    for (int32_t i = 0; i < job->lines; i++) {
        uint32_t *line = job->plane + i * job->stride * NN_PLANE_PITCH, column[3] = {0};
        for (int32_t j = 0; j < job->count; j++, line += job->stride) {
            uint32_t sum = 0;
            for (int k = 0; k < 9; k++) {
                /* With a stride of 1 the sum before has taken the place of the first row's first word. */
                uint32_t x = line[k / 3 * NN_PLANE_PITCH + k % 3];
                if (k == 0 && j > 0 && job->stride == 1)
                    x = column[1];
                if (k < 3)
                    column[k] = x;
                sum += x * (job->weights[k] - 128u);
            }
            line[1] = sum;
        }
    }
}

void nn_depthwise_gather_xtensa(const nn_gather_t *job) {
    for (int32_t i = 0; i < job->lines; i++)
        for (int32_t j = 0; j < job->count; j++)
            job->to[i * job->pitch / 4 + j] = (uint32_t)(job->from[i * job->line_step + j * job->step] + 128);
}

void nn_outputs_xtensa(const nn_outputs_t *job) {
    const nn_output_line_t out = {job->mode, job->bits, 0, job->act_min, job->act_max};
    for (int32_t i = 0; i < job->lines; i++)
        for (int32_t j = 0; j < job->count; j++)
            job->y[i * job->y_line_step + j * job->y_step] =
                nn_output_by_record(&out, job->sums[(i * job->line_step + j * job->step) / 4], job->record);
}

void nn_dot_columns_xtensa(const int8_t *x, const uint8_t *weights, int32_t count, uint32_t *sums) {
    for (int i = 0; i < NN_DOT_OUTPUTS; i++) {
        sums[i] = 0;
        for (int32_t k = 0; k < count; k++)
            sums[i] += (uint32_t)(x[k] + 128) * weights[NN_DOT_OUTPUTS * k + i];
    }
}

void nn_dot_run_xtensa(const int8_t *x, const int8_t *weights, int32_t w_channel, int32_t count, int32_t offset,
                       int32_t *sums) {
    for (int i = 0; i < NN_CHANNELS; i++)
        for (int32_t k = 0; k < count; k++)
            sums[i] = nn_add_wrapping(sums[i], (x[k] + offset) * weights[i * w_channel + k]);
}

void nn_sum_channels_xtensa(const nn_channels_t *job, int32_t *sums) {
    for (int i = 0; i < NN_CHANNELS; i++) {
        sums[i] = 0;
        for (int32_t row = 0; row < job->rows; row++)
            for (int32_t run = 0; run < job->runs; run++)
                sums[i] += (job->x[row * (job->x_skip + job->runs * job->x_run) + run * job->x_run + i] + job->offset) *
                           job->weights[row * (job->w_skip + job->runs * job->w_run) + run * job->w_run + i];
    }
}
