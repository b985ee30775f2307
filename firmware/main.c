/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"
#include "link.h"
#include "port.h"

int main(void) {
    port_init();
    link_run(engine_init());
    return 0;
}
