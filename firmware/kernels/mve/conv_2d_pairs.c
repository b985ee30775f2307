/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gemm_job.h"

#include <arm_mve.h>

enum { POSITION = 0, LINE = 1, GROUP = 4, GROUP_WORDS = 9, SMALL = 4, BLOCK = 16 };

/* What all lines of windows have in common; n: windows in a line, x_step apart, their outputs y_step apart. by_group:
 * gemm takes all windows with a group of channels, then with the next group, not all groups with a pair of windows.
 * lead: from a window's first element to where it wants a pointer. */
typedef struct {
    const nn_conv_2d_mve_t *op;
    nn_gemm_fn *gemm;
    int32_t n, x_step, y_step, depth, lead;
    int by_group;
    uint8_t scatter[SMALL][16]; /* spread_small(): where sixteen bytes of neighboring elements go */
    nn_gemm_job_t job;
} plan_t;

/* Pairs of windows with all groups of channels but the last one, which begins at out_c - 4, then with that one. Of an
 * odd number of windows the last one is computed together with the one before it, once more. */
static void outputs(plan_t *plan, const int8_t *x, int8_t *y) {
    const nn_conv_2d_mve_t *op = plan->op;
    nn_gemm_job_t *job = &plan->job;
    int32_t full = op->out_c / GROUP, overlap = op->out_c % GROUP, step = job->x_step, n = plan->n;
    x += plan->lead;
    for (int32_t groups = full, done = 0; groups > 0; done += groups, groups = done == full && overlap ? 1 : 0) {
        int8_t *to = y + (done < full ? 0 : op->out_c - GROUP);
        job->weights = op->weights + done * GROUP * ((plan->depth + BLOCK - 1) & ~(BLOCK - 1));
        job->params = op->params + done * GROUP_WORDS;
        job->params_end = job->params + groups * GROUP_WORDS;
        job->y_step = 2 * plan->y_step - (plan->by_group ? 0 : groups * GROUP);
        job->pairs = n > 1 ? n / 2 : 1;
        job->x[0] = x;
        job->x[1] = n > 1 ? x + plan->x_step : x;
        job->x_end = x + job->pairs * step;
        job->y = to;
        plan->gemm(job);
        if (n % 2 && n > 1) {
            job->x[0] = x + (n - 2) * plan->x_step;
            job->x[1] = job->x[0] + plan->x_step;
            job->x_end = job->x[0] + step;
            job->pairs = 1;
            job->y = to + (n - 2) * plan->y_step;
            plan->gemm(job);
        }
    }
}

static void fill(int8_t *to, int32_t bytes, int8_t value) {
    for (; bytes > 0; bytes -= 16, to += 16)
        vstrbq_p_s8(to, vdupq_n_s8(value), vctp8q((uint32_t)bytes));
}

/* n elements of c <= SMALL bytes: sixteen elements are c vectors. */
static void spread_small(const plan_t *plan, int8_t *to, const int8_t *x, int32_t n, int32_t c, int32_t step) {
    int32_t runs = n / 16, rest = n % 16 * c, bytes = 16 * c, far = 16 * step;
    for (int32_t v = 0; v < c; v++, x += 16) {
        uint8x16_t offsets = vldrbq_u8(plan->scatter[v]);
        const int8_t *from = x;
        int8_t *next = to;
        __asm volatile("wls lr, %[runs], 2f\n"
                       "1: vldrb.u8 q0, [%[from]]\n"
                       "add %[from], %[from], %[bytes]\n"
                       "vstrb.8 q0, [%[next], %q[offsets]]\n"
                       "add %[next], %[next], %[far]\n"
                       "le lr, 1b\n"
                       "2:\n"
                       : [from] "+l"(from), [next] "+l"(next)
                       : [runs] "r"(runs), [bytes] "r"(bytes), [far] "r"(far), [offsets] "w"(offsets)
                       : "lr", "q0", "memory", "cc");
        if (rest > 16 * v) {
            mve_pred16_t lanes = vctp8q((uint32_t)(rest - 16 * v));
            vstrbq_scatter_offset_p_s8(next, offsets, vldrbq_z_s8(from, lanes), lanes);
        }
    }
}

/* n elements of c bytes, x_step apart, to `to`, to + step, ... */
static void spread(int8_t *to, const int8_t *x, int32_t n, int32_t c, int32_t x_step, int32_t step) {
    for (int32_t part = c % 32 ? 16 : 32; c > 0; c -= part, x += part, to += part) {
        const int8_t *from = x;
        int8_t *next = to;
        if (part == 32)
            __asm volatile("dls lr, %[n]\n"
                           "1: vldrb.u8 q0, [%[from]]\n"
                           "vldrb.u8 q1, [%[from], #16]\n"
                           "add %[from], %[from], %[x_step]\n"
                           "vstrb.8 q0, [%[next]]\n"
                           "vstrb.8 q1, [%[next], #16]\n"
                           "add %[next], %[next], %[step]\n"
                           "le lr, 1b\n"
                           : [from] "+r"(from), [next] "+r"(next)
                           : [n] "r"(n), [x_step] "r"(x_step), [step] "r"(step)
                           : "lr", "q0", "q1", "memory", "cc");
        else if (c == 16 && x_step == 16)
            __asm volatile("dls lr, %[n]\n"
                           "1: vldrb.u8 q0, [%[from]], #16\n"
                           "vstrb.8 q0, [%[next]]\n"
                           "add %[next], %[next], %[step]\n"
                           "le lr, 1b\n"
                           : [from] "+r"(from), [next] "+r"(next)
                           : [n] "r"(n), [step] "r"(step)
                           : "lr", "q0", "memory", "cc");
        else
            __asm volatile("dls lr, %[n]\n"
                           "1: vpstt\n"
                           "vldrbt.u8 q0, [%[from]]\n"
                           "vstrbt.8 q0, [%[next]]\n"
                           "add %[from], %[from], %[x_step]\n"
                           "add %[next], %[next], %[step]\n"
                           "le lr, 1b\n"
                           : [from] "+r"(from), [next] "+r"(next)
                           : [n] "r"(n), [x_step] "r"(x_step), [step] "r"(step), "Up"(vctp8q((uint32_t)c))
                           : "lr", "q0", "memory", "cc");
    }
}

/* Columns of as many elements as the window has across the line, side by side: the windows of a line overlap in them.
 */
static void lines(plan_t *plan, const int8_t *x, int8_t *y, int8_t *columns) {
    const nn_conv_2d_mve_t *op = plan->op;
    int32_t c = op->in_c, across = op->kernel[LINE], column = across * c, size = op->in[LINE];
    int32_t width = (op->out[POSITION] - 1) * op->stride[POSITION] + op->kernel[POSITION],
            n = width - op->pad[POSITION];
    int8_t *first = columns + op->pad[POSITION] * column;
    int small = c <= SMALL && op->x_step[POSITION] == c && 16 * column < 256;
    n = n < op->in[POSITION] ? n : op->in[POSITION];
    for (int32_t i = 0; i < 16 * c && small; i++)
        plan->scatter[i / 16][i % 16] = (uint8_t)(i / c * column + i % c);
    for (int32_t i = 0, top = -op->pad[LINE]; i < op->out[LINE]; i++, top += op->stride[LINE], y += op->y_step[LINE]) {
        if (i == 0 || top < 0 || top + across > size)
            fill(columns, width * column, (int8_t)op->pad_value);
        for (int32_t j = 0; j < across; j++) {
            const int8_t *from = x + (top + j) * op->x_step[LINE];
            if (top + j < 0 || top + j >= size)
                continue;
            if (small)
                spread_small(plan, first + j * c, from, n, c, column);
            else
                spread(first + j * c, from, n, c, op->x_step[POSITION], column);
        }
        outputs(plan, columns, y);
    }
}

static void start(plan_t *plan, const nn_conv_2d_mve_t *op, int columns) {
    static nn_gemm_fn *const functions[3][2] = {
        {nn_gemm_pairs_any_mve, nn_gemm_pairs_relu_mve},
        {nn_gemm_pairs_any_short_mve, nn_gemm_pairs_relu_short_mve},
        {nn_gemm_pairs_any_block_mve, nn_gemm_pairs_relu_block_mve},
    };
    int32_t depth = op->kernel[POSITION] * op->kernel[LINE] * op->in_c;
    int block = depth <= BLOCK, one_chunk = depth / BLOCK <= SHORT_CHUNK;
    plan->op = op;
    plan->gemm = functions[one_chunk + block][op->relu];
    plan->n = op->out[POSITION];
    plan->x_step = op->stride[POSITION] * (columns ? op->kernel[LINE] * op->in_c : op->x_step[POSITION]);
    plan->y_step = op->y_step[POSITION];
    plan->depth = depth;
    plan->lead = block ? depth : depth % BLOCK;
    plan->by_group = block;
    nn_gemm_start(&plan->job, depth, one_chunk ? SHORT_CHUNK : CHUNK);
    plan->job.offset = op->output_offset;
    plan->job.x_step = 2 * plan->x_step;
    for (int32_t i = 0; i < 8; i++)
        plan->job.y_offsets[i] = (uint16_t)(i / 2 + (plan->n > 1 ? i % 2 * plan->y_step : 0));
}

void nn_conv_2d_mve(const nn_conv_2d_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    plan_t plan;
    int columns = op->kernel[POSITION] * op->kernel[LINE] > 1;
    start(&plan, op, columns);
    if (columns) {
        lines(&plan, x, y, scratch);
        return;
    }
    for (int32_t i = 0; i < op->out[LINE]; i++, x += op->stride[LINE] * op->x_step[LINE], y += op->y_step[LINE])
        outputs(&plan, x, y);
}

/* bytes (a multiple of 4) from `from` to `to`, the last ones first; both are aligned to 4. */
static void move(int8_t *to, const int8_t *from, int32_t bytes) {
    to += bytes;
    from += bytes;
    for (int32_t rest = bytes % 64, part; rest > 0; rest -= part) {
        part = rest < 16 ? rest : 16;
        to -= part;
        from -= part;
        mve_pred16_t lanes = vctp8q((uint32_t)part);
        vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
    }
    __asm volatile("wls lr, %[n], 2f\n"
                   "1: vldmdb %[from]!, {d0-d7}\n"
                   "vstmdb %[to]!, {d0-d7}\n"
                   "le lr, 1b\n"
                   "2:\n"
                   : [from] "+r"(from), [to] "+r"(to)
                   : [n] "r"(bytes / 64)
                   : "lr", "q0", "q1", "q2", "q3", "memory", "cc");
}

/* Where y is x, the outputs of all windows but the first two go where the inputs of the two before were, and are moved
 * to their places in the end. (A third and last one is computed as a pair; the move covers the second of them.) */
void nn_conv_2d_in_place_mve(const nn_conv_2d_in_place_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    plan_t plan;
    start(&plan, op, 0);
    int32_t n = plan.n, first = n < 2 ? n : 2, head = first * op->out_c, rest = (n - first) * op->out_c;
    if (x == y) {
        plan.n = first;
        outputs(&plan, x, scratch);
        plan.n = n - first;
        if (rest > 0)
            outputs(&plan, x + first * op->in_c, y);
        move(y + head, y, rest);
        move(y, scratch, head);
    } else {
        outputs(&plan, x, y);
    }
}
