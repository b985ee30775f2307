/* SPDX-License-Identifier: Apache-2.0
 *
 * The operand with the larger scale is (x + offset) << 20 with multiplier 2^30 and shift 0: (x + offset) << 19. What
 * the other one becomes is looked up in a table made at run time, together with the first one's offset. */
#include "elementwise.h"
#include "nn_math.h"

#include <arm_mve.h>

enum { HALVED = 19 }; /* left_shift - 1 */

/* Two vectors of sums, q2 and q3, ready for the last rounding; \p table is indexed by the byte as unsigned. */
#define SUMS                                                                                                           \
    "vldrb.u32 q0, [%[x]]\n"                                                                                           \
    "vldrb.u32 q1, [%[x], #4]\n"                                                                                       \
    "adds %[x], %[x], #8\n"                                                                                            \
    "vldrw.u32 q2, [%[table], q0, uxtw #2]\n"                                                                          \
    "vldrw.u32 q3, [%[table], q1, uxtw #2]\n"                                                                          \
    "vldrb.s32 q0, [%[halved]], #4\n"                                                                                  \
    "vldrb.s32 q1, [%[halved]], #4\n"                                                                                  \
    "vmla.s32 q2, q0, %[one]\n"                                                                                        \
    "vmla.s32 q3, q1, %[one]\n"                                                                                        \
    "vqrdmulh.s32 q2, q2, %[multiplier]\n"                                                                             \
    "vqrdmulh.s32 q3, q3, %[multiplier]\n"
#define TIES                                                                                                           \
    "vshr.s32 q0, q2, #31\n"                                                                                           \
    "vshr.s32 q1, q3, #31\n"                                                                                           \
    "vqadd.s32 q2, q2, q0\n"                                                                                           \
    "vqadd.s32 q3, q3, q1\n"
#define OUTPUTS                                                                                                        \
    "vrshl.s32 q2, %[shift]\n"                                                                                         \
    "vrshl.s32 q3, %[shift]\n"                                                                                         \
    "vqmovnb.s32 q2, q2\n"                                                                                             \
    "vqmovnt.s32 q2, q3\n"                                                                                             \
    "vqadd.s16 q2, q2, %[offset]\n"                                                                                    \
    "vqmovnb.s16 q2, q2\n"                                                                                             \
    "vstrb.16 q2, [%[y], %q[order]]\n"                                                                                 \
    "adds %[y], %[y], #8\n"
#define LOOP(...)                                                                                                      \
    __asm volatile(                                                                                                    \
        "dls lr, %[n]\n1:" __VA_ARGS__ "le lr, 1b\n"                                                                   \
        : [x] "+l"(x), [halved] "+l"(halved), [y] "+l"(y)                                                              \
        : [n] "r"(n / 8), [table] "r"(table), [one] "r"(1 << HALVED), [multiplier] "r"(op->output_multiplier),         \
          [shift] "r"((int32_t)op->output_shift), [offset] "r"((int32_t)op->output_offset), [order] "w"(order)         \
        : "lr", "q0", "q1", "q2", "q3", "memory", "cc")

void nn_add_mve(const nn_add_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    static const uint16_t interleaved[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    int first_halved = op->multiplier1 == 1 << 30 && op->shift1 == 0;
    const int8_t *x = first_halved ? x2 : x1, *halved = first_halved ? x1 : x2;
    int32_t multiplier = first_halved ? op->multiplier2 : op->multiplier1;
    int32_t shift = first_halved ? op->shift2 : op->shift1, offset = first_halved ? op->offset2 : op->offset1;
    int32_t constant = (first_halved ? op->offset1 : op->offset2) * (1 << HALVED), n = op->dims[3];
    int32_t *table = scratch;
    int32x4_t value = vshlq_n_s32(vaddq_n_s32((int32x4_t)vidupq_n_u32(0, 1), offset), HALVED + 1);
    for (int32_t i = 0; i < 256; i += 4, value = vaddq_n_s32(value, 4 << (HALVED + 1))) {
        if (i == 128)
            value = vsubq_n_s32(value, 256 << (HALVED + 1)); /* bytes from here are negative */
        int32x4_t scaled = vqrdmulhq_n_s32(value, multiplier);
        if (shift < 0) /* ties away from zero */
            scaled = vrshlq_n_s32(vqaddq_s32(scaled, vshrq_n_s32(scaled, 31)), shift);
        vst1q_s32(table + i, vaddq_n_s32(scaled, constant));
    }
    uint16x8_t order = vldrhq_u16(interleaved);
    if (n >= 8) {
        if (op->output_offset == -128) /* negative results need no rounding */
            LOOP(SUMS OUTPUTS);
        else
            LOOP(SUMS TIES OUTPUTS);
    }
    for (n %= 8; n > 0; n--) {
        int32_t sum = table[(uint8_t)*x++] + *halved++ * (1 << HALVED);
        int32_t value = nn_requantize(sum, op->output_multiplier, op->output_shift) + op->output_offset;
        *y++ = (int8_t)nn_clamp(value, op->act_min, op->act_max);
    }
}
