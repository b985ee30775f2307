/* SPDX-License-Identifier: Apache-2.0
 *
 * What firmware/port/arduino.cpp uses of Arduino's API, as its language reference gives it: a Serial that is a process'
 * standard input and output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

class Stream {
  public:
    void begin(unsigned long baud) {
        begun = baud == 115200;
    }
    explicit operator bool() const {
        return begun;
    }
    int read() {
        struct pollfd line = {STDIN_FILENO, POLLIN, 0};
        uint8_t byte;
        if (poll(&line, 1, 1) <= 0) {
            return -1;
        }
        if (::read(STDIN_FILENO, &byte, 1) != 1) {
            exit(begun ? 0 : 1);
        }
        return byte;
    }
    size_t write(uint8_t byte) {
        return ::write(STDOUT_FILENO, &byte, 1) == 1;
    }
    void flush() {
    }

  private:
    bool begun = false;
};

extern Stream Serial;

static inline unsigned long micros() {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)(now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static inline void yield() {
}

void setup();
void loop();

#endif
