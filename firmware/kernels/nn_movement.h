/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of nn.h, which includes it: operators that move elements. */
#ifndef NN_MOVEMENT_H
#define NN_MOVEMENT_H

/* Data movement: y has dims (outermost first), each element run bytes, which are in x from start and stride bytes apart
 * along each axis. Every type; x and y are aligned to their own. */
typedef struct {
    int32_t start, run;
    int32_t dims[5], stride[5];
} nn_move_t;
typedef void nn_move_fn(const nn_move_t *op, const void *x, void *y, void *scratch);

/* PAD and PADV2 with a constant: dims of x, and how many values to put before and after along each, outermost first. */
typedef struct {
    int32_t dims[5], before[5], after[5];
    int8_t value;
} nn_pad_t;
typedef void nn_pad_fn(const nn_pad_t *op, const int8_t *x, int8_t *y, void *scratch);

/* CONCATENATION and PACK: outer runs; in each, input i contributes inner[i] bytes. */
typedef struct {
    const int32_t *inner;
    int32_t inputs, outer;
} nn_concatenation_t;
typedef void nn_concatenation_fn(const nn_concatenation_t *op, const int8_t *const *x, void *y, void *scratch);

/* What depends on no activation: SHAPE, ZEROS_LIKE, FILL. x is not read. */
typedef struct {
    const int8_t *data;
    int32_t bytes;
} nn_constant_t;
typedef void nn_constant_fn(const nn_constant_t *op, const void *x, void *y, void *scratch);

/* Data movement by tables: y has dims (outermost first), each element run bytes, which are in x from start and as far
 * as its indices along the axes say together: each stride bytes, or, of an axis whose table is not -1, the bytes that
 * stand for it in offsets from table on. RESIZE_NEAREST_NEIGHBOR, MIRROR_PAD, BATCH_TO_SPACE_ND, GATHER by constants.
 */
typedef struct {
    const int32_t *offsets;
    int32_t start, run;
    int32_t dims[5], stride[5], table[5];
} nn_pick_t;
typedef void nn_pick_fn(const nn_pick_t *op, const void *x, void *y, void *scratch);

/* GATHER, GATHER_ND, EMBEDDING_LOOKUP: y has batches x outer x count elements of run bytes. An index of depth numbers,
 * of batches x count, says which element of dims[0] x ... x dims[depth - 1], at what stride in bytes; each batch and
 * outer has dims[0] * stride[0] bytes of x of its own. */
typedef struct {
    int32_t batches, outer, count, depth, run;
    int32_t dims[5], stride[5];
} nn_lookup_t;
typedef void nn_lookup_fn(const nn_lookup_t *op, const void *x, const int32_t *indices, void *y, void *scratch);

/* DYNAMIC_UPDATE_SLICE: y is x1, of so many bytes, but for x2 of dims elements of run bytes, that lie stride bytes
 * apart in y, from start on, of which axes numbers count and each at most `most`. y may be x1. */
typedef struct {
    int32_t bytes, axes, run;
    int32_t dims[5], most[5], stride[5];
} nn_dynamic_update_slice_t;
typedef void nn_dynamic_update_slice_fn(const nn_dynamic_update_slice_t *op, const void *x1, const void *x2,
                                        const int32_t *start, void *y, void *scratch);

/* SELECT_V2: y has dims (outermost first) of run bytes each, of x1 where condition, of x2 elsewhere; strides are in
 * bytes, 0 along a broadcast axis. */
typedef struct {
    int32_t run;
    int32_t dims[5], stride_if[5], stride1[5], stride2[5];
} nn_select_v2_t;
typedef void nn_select_v2_fn(const nn_select_v2_t *op, const int8_t *condition, const void *x1, const void *x2, void *y,
                             void *scratch);

/* BROADCAST_ARGS: the shape that two shapes of count1 and count2 axes broadcast to. */
typedef struct {
    int32_t count1, count2;
} nn_broadcast_args_t;
typedef void nn_broadcast_args_fn(const nn_broadcast_args_t *op, const int32_t *x1, const int32_t *x2, int32_t *y,
                                  void *scratch);

/* SPLIT, SPLIT_V and UNPACK: outer runs; in each, output i takes inner[i] bytes of x. */
typedef struct {
    const int32_t *inner;
    int32_t outputs, outer;
} nn_split_t;
typedef void nn_split_fn(const nn_split_t *op, const int8_t *x, int8_t *const *y, void *scratch);

/* RESHAPE: bytes moved; nothing when x == y. */
typedef struct {
    int32_t bytes;
} nn_reshape_t;
typedef void nn_reshape_fn(const nn_reshape_t *op, const void *x, void *y, void *scratch);

#endif
