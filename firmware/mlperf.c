/* SPDX-License-Identifier: Apache-2.0
 *
 * The serial API of MLPerf Tiny in place of link.c: the benchmark's runner drives this firmware. Commands, messages and
 * the 80 characters of a command are those of its reference implementation (github.com/mlcommons/tiny, benchmark/api);
 * gen/verify/mlperf.py is the host's side. Unlike the reference this one
 * - fills the input before every inference, since an inference may overwrite it,
 * - sends the first time stamp after the inferences, so that its transmission is not measured with them,
 * - refuses bytes that no `db load` announced, and answers an empty command with m-ready alone.
 *
 * The generated mlperf_model.h says what is in the db buffer and how results are printed. */
#define MLPERF_TENSOR 0   /* the input tensor, byte for byte */
#define MLPERF_PIXELS 1   /* uint8, each 128 more than the int8 of the input tensor */
#define MLPERF_FEATURES 2 /* float32; the model reconstructs them, and the one result is the mean squared error */

#include "link.h"
#include "mlperf_model.h"
#include "mlperf_text.h"
#include "port.h"

#include <stdbool.h>
#include <string.h>

#if MLPERF_DB == MLPERF_FEATURES
#define ELEMENT_BYTES sizeof(float)
static int8_t quantized[MLPERF_DB_BYTES / sizeof(float)];
#else
#define ELEMENT_BYTES 1u
#endif
#define DB_MASK (MLPERF_DB == MLPERF_PIXELS ? 0x80 : 0) /* db holds what goes into the tensor */

enum { COMMAND_MAX = 80, ROW = 8, ITERATIONS = 1, WARMUPS = 10 };

static char command[COMMAND_MAX + 1];
static uint8_t db[MLPERF_DB_BYTES];
static size_t db_size, db_count; /* announced by `db load`, and arrived */
static engine_status_t status;

static void say_lap(uint64_t ticks) {
    uint32_t hz = port_tick_hz();
    uint64_t seconds = hz == 0 ? 0 : ticks, part = 0;
    if (hz != 0) {
        part = (uint64_t)divide(&seconds, hz) * 1000000;
        divide(&part, hz);
    }
    say("m-lap-us-");
    say_number(seconds * 1000000 + part);
    say("\r\n");
}

/* The next word of *rest, ended in place; NULL when there is none. */
static char *next_word(char **rest) {
    char *word = *rest;
    while (*word == ' ')
        word++;
    if (*word == 0)
        return NULL;
    char *end = word;
    while (*end != 0 && *end != ' ')
        end++;
    *rest = *end == 0 ? end : end + 1;
    *end = 0;
    return word;
}

static bool is(const char *word, const char *name) {
    while (*word != 0 && *word == *name) {
        word++;
        name++;
    }
    return *word == *name;
}

/* The decimal number that text begins with, 0 when there is none; limited to what an int32_t holds. */
static int32_t number_in(const char *text) {
    bool negative = *text == '-';
    int64_t number = 0;
    for (text += negative || *text == '+'; *text >= '0' && *text <= '9'; text++)
        if (number <= INT32_MAX)
            number = 10 * number + (*text - '0');
    number = number > INT32_MAX ? INT32_MAX : number;
    return (int32_t)(negative ? -number : number);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#if MLPERF_DB == MLPERF_FEATURES
static float feature(size_t index) {
    float value;
    memcpy(&value, db + index * sizeof value, sizeof value);
    return value;
}

/* Rounds half away from zero, as C's round(); what is no number becomes 0. */
static int8_t quantize(float value) {
    float ratio = value / MLPERF_INPUT_SCALE;
    if (!(ratio > -1024.0f && ratio < 1024.0f))
        ratio = ratio > 0.0f ? 1024.0f : ratio < 0.0f ? -1024.0f : 0.0f;
    int whole = (int)ratio;
    float part = ratio - (float)whole;
    whole += (part >= 0.5f) - (part <= -0.5f) + MLPERF_INPUT_ZERO_POINT;
    return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}
#endif

static float output_value(const void *output, size_t index) {
#ifdef MLPERF_OUTPUT_SCALE
    return (float)(((const int8_t *)output)[index] - MLPERF_OUTPUT_ZERO_POINT) * MLPERF_OUTPUT_SCALE;
#else
    return ((const float *)output)[index];
#endif
}

static void results(void) {
    if (status != ENGINE_OK) {
        say("e-[The engine failed with status ");
        say_number(status);
        say("]\r\n");
        return;
    }
    size_t bytes;
    const void *output = engine_output(0, &bytes);
    say("m-results-[");
#if MLPERF_DB == MLPERF_FEATURES
    float sum = 0.0f;
    for (size_t i = 0; i < MLPERF_OUTPUTS; i++) {
        float difference = output_value(output, i) - feature(i);
        sum += difference * difference;
    }
    say_float(sum / (float)MLPERF_OUTPUTS);
#else
    for (size_t i = 0; i < MLPERF_OUTPUTS; i++) {
        if (i > 0)
            port_write(',');
        say_float(output_value(output, i));
    }
#endif
    say("]\r\n");
}

static void run(int32_t count, bool load) {
    size_t bytes;
    for (; count > 0 && status == ENGINE_OK; count--) {
        if (load) {
#if MLPERF_DB == MLPERF_FEATURES
            memcpy(engine_input(0, &bytes), quantized, sizeof quantized);
#else
            memcpy(engine_input(0, &bytes), db, sizeof db);
#endif
        }
        status = engine_invoke();
    }
}

static void infer(int32_t iterations, int32_t warmups) {
    bool load = db_count == sizeof db;
    if (!load) {
        say("Input db has ");
        say_number(db_count / ELEMENT_BYTES);
        say(" elemented, expected ");
        say_number(sizeof db / ELEMENT_BYTES);
        say("\n");
    }
#if MLPERF_DB == MLPERF_FEATURES
    for (size_t i = 0; load && i < sizeof quantized; i++)
        quantized[i] = quantize(feature(i));
#endif
    say("m-warmup-start-");
    say_integer(warmups);
    say("\r\n");
    run(warmups, load);
    say("m-warmup-done\r\nm-infer-start-");
    say_integer(iterations);
    say("\r\n");
    port_flush();
    uint64_t start = port_ticks();
    run(iterations, load);
    uint64_t end = port_ticks();
    say_lap(start);
    say_lap(end);
    say("m-infer-done\r\n");
    results();
}

static void infer_command(char *rest) {
    const char *word = next_word(&rest);
    int32_t iterations = word == NULL ? ITERATIONS : number_in(word);
    word = word == NULL ? NULL : next_word(&rest);
    int32_t warmups = word == NULL ? WARMUPS : number_in(word);
    if (iterations <= 0)
        say("e-[Inference iterations must be >0]\r\n");
    else if (warmups < 0)
        say("e-[Inference warmup must be >=0]\r\n");
    else
        infer(iterations, warmups);
}

static void db_load(const char *word) {
    if (word == NULL) {
        say("e-[Command 'db load' requires the # of bytes]\r\n");
        return;
    }
    int32_t size = number_in(word);
    db_size = db_count = 0;
    if (size == 0) {
        say("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if (size < 0 || (uint32_t)size > sizeof db) {
        say("Supplied buffer size ");
        say_integer(size);
        say(" exceeds maximum of ");
        say_number(sizeof db);
        say("\n");
    } else {
        db_size = (size_t)size;
        say("m-[Expecting ");
        say_number(db_size);
        say(" bytes]\r\n");
    }
}

static void db_print(void) {
    for (size_t i = 0; i < db_size; i++) {
        say(i % ROW == 0 ? "m-buffer-" : "-");
        port_write((uint8_t) "0123456789abcdef"[(db[i] ^ DB_MASK) >> 4]);
        port_write((uint8_t) "0123456789abcdef"[(db[i] ^ DB_MASK) & 15]);
        if (i % ROW == ROW - 1 || i == db_size - 1)
            say("\r\n");
    }
    if (db_size % ROW != 0)
        say("\r\n");
}

/* Bytes beyond the announced number are ignored when they come with the last ones. */
static void db_bytes(const char *digits) {
    bool odd = false;
    for (const char *digit = digits; *digit != 0; digit++)
        odd = !odd;
    if (odd) {
        say("e-[Insufficent number of hex digits]\r\n");
        return;
    }
    if (db_count == db_size) {
        say("e-[Command 'db' comes after 'db load', and for as many bytes]\r\n");
        return;
    }
    for (; *digits != 0 && db_count < db_size; digits += 2) {
        int high = hex_digit(digits[0]), low = hex_digit(digits[1]);
        if (high < 0 || low < 0) {
            say("e-[Invalid hex digit '");
            port_write((uint8_t)digits[0]);
            port_write((uint8_t)digits[1]);
            say("']\r\n");
            return;
        }
        db[db_count++] = (uint8_t)((high << 4 | low) ^ DB_MASK);
    }
    if (db_count == db_size)
        say("m-load-done\r\n");
}

static void db_command(char *rest) {
    const char *word = next_word(&rest);
    if (word == NULL)
        say("e-[Command 'db' requires a subcommand]\r\n");
    else if (is(word, "load"))
        db_load(next_word(&rest));
    else if (is(word, "print"))
        db_print();
    else
        db_bytes(word);
}

static void answer(char *text) {
    const char *word = next_word(&text);
    if (word == NULL) {
    } else if (is(word, "name")) {
        say("m-name-dut-[unspecified]\r\n");
    } else if (is(word, "timestamp")) {
        say_lap(port_ticks());
    } else if (is(word, "profile")) {
        say("m-profile-[" MLPERF_PROFILE "]\r\nm-model-[" MLPERF_MODEL "]\r\n");
    } else if (is(word, "help")) {
        say(MLPERF_PROFILE "\r\n\r\n"
                           "name           what this device is called\r\n"
                           "profile        firmware and model\r\n"
                           "timestamp      the time in microseconds\r\n"
                           "db load N      get ready for N bytes of input\r\n"
                           "db HH[HH]*     some of these bytes, in hexadecimal\r\n"
                           "db print       all of them\r\n"
                           "infer N [W]    N inferences after W that are not measured\r\n"
                           "results        what the last one gave\r\n");
    } else if (is(word, "db")) {
        db_command(text);
    } else if (is(word, "infer")) {
        infer_command(text);
    } else if (is(word, "results")) {
        results();
    } else {
        say("e-[Unknown command: ");
        say(word);
        say("]\r\n");
    }
    say("m-ready\r\n");
    port_flush();
}

void link_run(engine_status_t ready) {
    status = ready;
    say("m-timestamp-mode-performance\r\n");
    say_lap(port_ticks());
    say("m-init-done\r\nm-ready\r\n");
    port_flush();
    for (size_t count = 0;;) {
        int byte = port_read();
        if (byte == -2)
            return;
        if (byte < 0)
            continue;
        if (byte == '%') {
            command[count] = 0;
            answer(command);
            count = 0;
        } else {
            command[count] = (char)byte;
            count += count < COMMAND_MAX; /* as the reference does it: the rest of a longer one is lost */
        }
    }
}
