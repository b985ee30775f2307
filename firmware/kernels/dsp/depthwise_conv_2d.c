/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/depthwise.h"

enum { GROUP = 4, PAIR_BYTES = 16, SLOT_BYTES = 8 };
enum { SHIFT = 10 }; /* depthwise_3x3.S */

/* op: its constants are those of model where that is there. planes: of op->pairs pairs; they move on by a slot for each
 * line of outputs or two, op->slots times, and then start over. */
typedef struct job {
    const nn_depthwise_conv_2d_planes_dsp_t *op;
    const nn_depthwise_conv_2d_t *model;
    void (*prepare)(const struct job *job, int32_t c); /* channels of four from number c on */
    nn_depthwise_channel_t *channels;
    uint32_t *planes;
    int32_t plane_bytes;
} job_t;

/* up: see nn_depthwise_conv_2d_planes_dsp_t. How far weights and bias are shifted. */
static inline int prepare_requantization(int up, nn_depthwise_channel_t *channel) {
    if (up > 0) {
        channel->rounding = (1 << up >> 2) + (1 << (SHIFT - 1)) - (128 << SHIFT);
        channel->shift = 0;
        return up;
    }
    channel->rounding = 1 << (-up - 1);
    channel->shift = -up;
    return 1;
}

static void prepare_packed(const job_t *job, int32_t c) {
    nn_depthwise_prepare_dsp(job->op->channels + 5 * c, job->op->ups + c, job->channels);
}

/* The short requantization is for a clamp at a zero point of -128 and sums that leave room for what they are multiplied
 * with, at most 2^8: |bias| < 2^20, and the rest is below 2^19. */
static void prepare_channel(const job_t *job, int32_t c, nn_depthwise_channel_t *channel) {
    const nn_depthwise_conv_2d_t *op = job->model;
    const int8_t *weights = op->weights + c;
    int32_t bias = op->bias != 0 ? op->bias[c] : 0, scale = op->per_channel ? c : 0;
    int32_t exponent = op->multiplier[scale] == 0 ? 1 : -op->shift[scale];
    int clamped = op->output_offset == -128 && op->act_min == -128 && op->act_max == 127;
    int room = exponent >= SHIFT - 7 && exponent < SHIFT && bias < 1 << 20 && bias > -(1 << 20);
    int up = prepare_requantization(clamped && room ? SHIFT + 1 - exponent : -exponent, channel);
    const int32_t rows = op->k_h, columns = op->k_w, out_c = op->out_c;
    uint32_t sum = 0;
    for (int i = 0; i < 3; i++, weights += columns * out_c) {
        uint32_t w0 = 0, w1 = 0, w2 = 0; /* of a smaller window's missing rows and columns */
        if (i < rows) {
            w0 = (uint32_t)weights[0] << up;
            w1 = columns > 1 ? (uint32_t)weights[out_c] << up : 0;
            w2 = columns > 2 ? (uint32_t)weights[2 * out_c] << up : 0;
        }
        sum += w0 + w1 + w2;
        channel->a[i] = (w0 & 0xffff) | w1 << 16;
        channel->b[i] = (w1 & 0xffff) | w2 << 16;
    }
    channel->bias = bias * (1 << up) + (int32_t)sum * op->input_offset;
    channel->multiplier = op->multiplier[scale];
}

static void prepare_model(const job_t *job, int32_t c) {
    for (int i = 0; i < GROUP; i++)
        prepare_channel(job, c + i, job->channels + i);
}

/* Line 0 or 1 of a slot becomes padding. */
static void pad_line(const job_t *job, uint32_t *slot, int32_t line, int32_t pairs) {
    const uint32_t pair = (uint32_t)(job->op->padding & 0xffff) * 0x10001u;
    const int32_t plane = job->plane_bytes / 4;
    for (slot += line; pairs > 0; pairs--, slot += PAIR_BYTES / 4) {
        slot[0] = pair;
        slot[plane] = pair;
        slot[2 * plane] = pair;
        slot[3 * plane] = pair;
    }
}

/* Fills a slot with lines line and, where both matter, line + 1; x is the first element to gather of line 0. */
static void fill(const job_t *job, nn_depthwise_gather_t *gather, const int8_t *x, uint32_t *slot, int32_t line,
                 int32_t pairs, int both) {
    const nn_depthwise_axis_t *across = &job->op->across;
    int first_in = line >= 0 && line < across->in, second_in = line >= -1 && line + 1 < across->in;
    if (first_in || second_in) {
        gather->from = x + (first_in ? line : line + 1) * across->x_step;
        gather->line_step = first_in && second_in ? across->x_step : 0;
        gather->to = slot;
        nn_depthwise_gather_dsp(gather);
    }
    if (!first_in)
        pad_line(job, slot, 0, pairs);
    if (!second_in && both)
        pad_line(job, slot, 1, pairs);
}

/* The last slot of the planes becomes the first. */
static void start_over(const job_t *job, int32_t pairs) {
    uint32_t *plane = job->planes;
    for (int c = 0; c < GROUP; c++, plane += job->plane_bytes / 4)
        for (int32_t q = 0; q < pairs; q++) {
            plane[4 * q] = plane[4 * q + 2 * job->op->slots];
            plane[4 * q + 1] = plane[4 * q + 2 * job->op->slots + 1];
        }
}

/* Outputs from number first of every line on, count of them. */
static void strip(const job_t *job, const int8_t *x, int8_t *y, int32_t first, int32_t count) {
    const nn_depthwise_conv_2d_planes_dsp_t *op = job->op;
    const nn_depthwise_axis_t *along = &op->along, *across = &op->across;
    const int32_t lines_at_once = op->stride == 1 ? 2 : 1, whole = count / lines_at_once;
    const int32_t odd = count - whole * lines_at_once, pairs = whole + odd + 1;
    const int32_t start = first * op->stride - along->pad, lead = start < 0, left = along->in - start;
    const int32_t elements = left < 2 * pairs ? left : 2 * pairs;
    nn_depthwise_gather_t gather = {
        .step = along->x_step,
        .plane_bytes = job->plane_bytes,
        .halves = elements - 2,
        .lead = lead,
        .trail = (elements + 1) / 2 < pairs,
        .padding = (uint32_t)(op->padding & 0xff) * 0x01010101u,
    };
    nn_depthwise_lines_t lines = {
        .channels = job->channels,
        .step = along->y_step,
        .odd = odd,
        .from_skip = job->plane_bytes - pairs * PAIR_BYTES,
        .y_skip = 1 - whole * lines_at_once * along->y_step,
        .plane_bytes = job->plane_bytes,
        .channels_end = job->channels + GROUP,
        .output_offset = op->output_offset,
        .act_min = op->act_min,
        .act_max = op->act_max,
    };
    x += (start + lead) * along->x_step;
    y += first * along->y_step;
    for (int32_t c = 0; c < op->out_c; c += GROUP, x += GROUP, y += GROUP) {
        uint32_t *slot = job->planes;
        int32_t line = -across->pad;
        job->prepare(job, c);
        lines.y = y;
        lines.lines = op->stride == 1 ? NN_DEPTHWISE_TWO_LINES : NN_DEPTHWISE_STRIDE_2;
        lines.line_step = across->y_step;
        fill(job, &gather, x, slot, line, pairs, 1);
        for (int32_t i = across->out; i > 0; i -= lines_at_once) {
            if (slot == job->planes + op->slots * (SLOT_BYTES / 4)) {
                start_over(job, pairs);
                slot = job->planes;
            }
            lines.from = slot;
            lines.end = slot + whole * (PAIR_BYTES / 4);
            slot += SLOT_BYTES / 4;
            line += 2;
            fill(job, &gather, x, slot, line, pairs, i >= 2);
            if (i < lines_at_once) {
                lines.lines = NN_DEPTHWISE_ONE_LINE;
                lines.line_step = 0;
            }
            nn_depthwise_lines_dsp(&lines);
            lines.y += lines_at_once * across->y_step;
        }
    }
}

static void strips(job_t *job, const int8_t *x, int8_t *y) {
    const nn_depthwise_conv_2d_planes_dsp_t *op = job->op;
    const int32_t most = (op->pairs - 1) * (op->stride == 1 ? 2 : 1);
    job->plane_bytes = op->pairs * PAIR_BYTES + op->slots * SLOT_BYTES;
    for (int n = 0; n < op->batches; n++, x += op->x_bytes, y += op->y_bytes)
        for (int32_t first = 0; first < op->along.out; first += most) {
            int32_t left = op->along.out - first;
            strip(job, x, y, first, left < most ? left : most);
        }
}

void nn_depthwise_conv_2d_planes_dsp(const nn_depthwise_conv_2d_planes_dsp_t *op, const int8_t *x, int8_t *y,
                                     void *scratch) {
    nn_depthwise_channel_t *channels = scratch;
    job_t job = {op, 0, prepare_packed, channels, (uint32_t *)(channels + GROUP), 0};
    strips(&job, x, y);
}

void nn_depthwise_conv_2d_in_place_dsp(const nn_depthwise_conv_2d_in_place_dsp_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    nn_depthwise_conv_2d_planes_dsp(op, x, y, scratch);
}

void nn_depthwise_conv_2d_dsp(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    enum { PAIRS = 4, SLOTS = 2 };
    nn_depthwise_channel_t channels[GROUP];
    uint32_t planes[GROUP * (PAIRS * PAIR_BYTES + SLOTS * SLOT_BYTES) / 4];
    const int32_t x_row = op->in_w * op->in_c, y_row = op->out_w * op->out_c;
    const nn_depthwise_conv_2d_planes_dsp_t geometry = {
        .along = {op->in_w, op->out_w, op->pad_left, op->in_c, op->out_c},
        .across = {op->in_h, op->out_h, op->pad_top, x_row, y_row},
        .x_bytes = op->in_h * x_row,
        .y_bytes = op->out_h * y_row,
        .padding = -op->input_offset,
        .batches = op->batches,
        .out_c = op->out_c,
        .stride = op->stride_w,
        .pairs = PAIRS,
        .slots = SLOTS,
        .output_offset = op->output_offset,
        .act_min = op->act_min,
        .act_max = op->act_max,
    };
    job_t job = {&geometry, op, prepare_model, channels, planes, 0};
    (void)scratch;
    strips(&job, x, y);
}
