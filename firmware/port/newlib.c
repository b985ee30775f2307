/* SPDX-License-Identifier: Apache-2.0
 *
 * What newlib asks of a system, for an upstream TFLM (--tflm-dir), which uses assert() and the C library. There is no
 * heap, no file and no process: what needs one fails, as newlib's documentation says that it may. An assertion that
 * does not hold traps, which the port's fault record tells on the next session. */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

void __assert_func(const char *file, int line, const char *function, const char *condition);
void *_sbrk(ptrdiff_t bytes);
int _close(int file);
int _fstat(int file, struct stat *status);
int _getpid(void);
int _isatty(int file);
int _kill(int process, int number);
off_t _lseek(int file, off_t offset, int whence);
int _read(int file, void *data, size_t bytes);
int _write(int file, const void *data, size_t bytes);
void _exit(int status);

static int fails(int why) {
    errno = why;
    return -1;
}

void __assert_func(const char *file, int line, const char *function, const char *condition) {
    (void)file;
    (void)line;
    (void)function;
    (void)condition;
    __builtin_trap();
}

void *_sbrk(ptrdiff_t bytes) {
    (void)bytes;
    return (void *)(ptrdiff_t)fails(ENOMEM);
}

int _close(int file) {
    (void)file;
    return fails(EBADF);
}

int _fstat(int file, struct stat *status) {
    (void)file;
    (void)status;
    return fails(EBADF);
}

int _getpid(void) {
    return 1;
}

int _isatty(int file) {
    (void)file;
    errno = ENOTTY;
    return 0;
}

int _kill(int process, int number) {
    (void)process;
    (void)number;
    return fails(EINVAL);
}

off_t _lseek(int file, off_t offset, int whence) {
    (void)file;
    (void)offset;
    (void)whence;
    return fails(EBADF);
}

int _read(int file, void *data, size_t bytes) {
    (void)file;
    (void)data;
    (void)bytes;
    return fails(EBADF);
}

int _write(int file, const void *data, size_t bytes) {
    (void)file;
    (void)data;
    (void)bytes;
    return fails(EBADF);
}

void _exit(int status) {
    (void)status;
    __builtin_trap();
}
