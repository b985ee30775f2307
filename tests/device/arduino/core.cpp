/* SPDX-License-Identifier: Apache-2.0
 *
 * What an Arduino core brings: main(). */
#include <Arduino.h>

Stream Serial;

int main() {
    setup();
    for (;;) {
        loop();
    }
}
