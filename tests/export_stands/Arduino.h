/* SPDX-License-Identifier: Apache-2.0
 *
 * What the example sketches use of Arduino's API, on standard output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

class Printer {
  public:
    void begin(unsigned long) {
    }
    explicit operator bool() const {
        return true;
    }
    void print(const char *text) {
        printf("%s", text);
    }
    void print(int value) {
        printf("%d", value);
    }
    void print(unsigned long value) {
        printf("%lu", value);
    }
    void print(double value) {
        printf("%.2f", value);
    }
    template <typename T> void println(T value) {
        print(value);
        printf("\n");
    }
};

static Printer Serial;

static inline unsigned long millis() {
    return 0;
}
static inline unsigned long micros() {
    return 0;
}

void setup();
void loop();

#endif
