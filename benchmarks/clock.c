/* A clock on the wall that jumps. Preloaded, it changes what a program and its children read as the time of day; the
 * monotonic clock, and how long anything waits, stay as they are, which is what setting a machine's clock does.
 * JUMPS="BY EVERY": the time of day is BY seconds off; with EVERY above 0 it jumps there and back, each EVERY ms. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long by, every;

__attribute__((constructor)) static void read_jumps(void) {
    char *rest = getenv("JUMPS");
    if (!rest) return;
    by = strtol(rest, &rest, 10);
    every = strtol(rest, NULL, 10);
}

static time_t off(void) {
    struct timespec up;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &up);
    return every > 0 && (up.tv_sec * 1000 + up.tv_nsec / 1000000) / every % 2 ? 0 : by;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += off();
    return failed;
}

time_t time(time_t *kept) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept) *kept = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict kept, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    kept->tv_sec = now.tv_sec;
    kept->tv_usec = now.tv_nsec / 1000;
    return 0;
}
