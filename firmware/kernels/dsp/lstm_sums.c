/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#define NN_LSTM nn_lstm_sums_dsp
#include "lstm_sums.h"
