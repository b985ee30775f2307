/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between portable/dot.h and dot.S. */
#ifndef NN_DSP_DOT_H
#define NN_DSP_DOT_H

#include "nn_offset.h"
#include "offsets.h"
#include "portable/dot.h"

NN_FIELD_AT(nn_window_t, rows, NN_WINDOW_AT_ROWS);
NN_FIELD_AT(nn_window_t, runs, NN_WINDOW_AT_RUNS);
NN_FIELD_AT(nn_window_t, length, NN_WINDOW_AT_LENGTH);
NN_FIELD_AT(nn_window_t, offset, NN_WINDOW_AT_OFFSET);
NN_FIELD_AT(nn_window_t, x_row, NN_WINDOW_AT_X_ROW);
NN_FIELD_AT(nn_window_t, x_run, NN_WINDOW_AT_X_RUN);
NN_FIELD_AT(nn_window_t, w_row, NN_WINDOW_AT_W_ROW);
NN_FIELD_AT(nn_window_t, w_run, NN_WINDOW_AT_W_RUN);

nn_dot_fn nn_dot_dsp;

#endif
