/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin of QEMU's (its plugin API, version 1) that counts how often each translated block runs between one arrival
 * at an address and the next arrival at another. Arguments: start=ADDRESS stop=ADDRESS out=FILE, addresses in hex. The
 * file gets a line for each block: address, instructions, runs, and how many of them did not go on behind its end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the API, what is used here: Debian has no package with its header. */
typedef uint64_t plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id_t id, void (*translated)(plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*executed)(unsigned, void *), int flags,
                                          void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id_t id, const void *info, int argc, char **argv);

typedef struct block {
    struct block *next;
    uint64_t start, end, runs, jumps;
    size_t instructions;
} block_t;

static uint64_t start, stop;
static char path[4096];
static block_t *blocks, *previous;
static bool counting, done;

static void write_counts(void) {
    FILE *file = fopen(path, "w");
    if (!file)
        return;
    for (const block_t *b = blocks; b; b = b->next) {
        if (b->runs)
            fprintf(file, "%llx %zu %llu %llu\n", (unsigned long long)b->start, b->instructions,
                    (unsigned long long)b->runs, (unsigned long long)b->jumps);
    }
    fclose(file);
}

static void executed(unsigned cpu, void *data) {
    block_t *block = data;
    (void)cpu;
    if (!counting) {
        if (done || block->start != start)
            return;
        counting = true;
        previous = NULL;
    }
    if (previous && previous->end != block->start)
        previous->jumps++;
    if (block->start == stop) {
        counting = false;
        done = true;
        write_counts();
        return;
    }
    block->runs++;
    previous = block;
}

static void translated(plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    block_t *block = calloc(1, sizeof *block);
    if (!block)
        abort();
    block->instructions = qemu_plugin_tb_n_insns(tb);
    block->start = qemu_plugin_tb_vaddr(tb);
    const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, block->instructions - 1);
    block->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, block);
}

int qemu_plugin_install(plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "start=", 6))
            start = strtoull(argv[i] + 6, NULL, 16);
        else if (!strncmp(argv[i], "stop=", 5))
            stop = strtoull(argv[i] + 5, NULL, 16);
        else if (!strncmp(argv[i], "out=", 4))
            snprintf(path, sizeof path, "%s", argv[i] + 4);
    }
    if (!start || !stop || !path[0])
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
