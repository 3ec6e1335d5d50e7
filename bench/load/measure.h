/** Time, the broker's processor time and memory, and latencies. */

#pragma once
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include "options.h"

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t) < 0) fail("no clock: is the broker gone? %s", strerror(errno));
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t now(void) { return nanoseconds(CLOCK_MONOTONIC); }

/* The sum of what /proc/PID/stat has as utime and stime, but to the nanosecond. */
static uint64_t broker_cpu(void) {
  uint64_t sum = 0;
  for (int i = 0; i < broker_count; i++) {
    clockid_t clock;
    if (clock_getcpuclockid(broker[i], &clock) != 0) fail("no process %d", (int)broker[i]);
    sum += nanoseconds(clock);
  }
  return sum;
}

static long broker_resident_kb(void) {
  long sum = 0;
  for (int i = 0; i < broker_count; i++) {
    char path[32];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)broker[i]);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) fail("no process %d", (int)broker[i]);
    fclose(file);
    sum += pages * (sysconf(_SC_PAGESIZE) / 1024);
  }
  return sum;
}

/* Each power of two in 64 steps, so to 1.6 %. */
static uint64_t latencies[64 * 64], latency_count;

static void count_latency(uint64_t ns) {
  int shift = ns < 64 ? 0 : 57 - __builtin_clzll(ns);
  latencies[(uint64_t)shift * 64 + (ns >> shift)]++;
  latency_count++;
}

static void forget_latencies(void) {
  memset(latencies, 0, sizeof latencies);
  latency_count = 0;
}

static double latency_us(double quantile) {
  uint64_t wanted = (uint64_t)(quantile * (double)latency_count), counted = 0;
  for (uint64_t i = 0; i < sizeof latencies / sizeof *latencies; i++) {
    counted += latencies[i];
    if (counted <= wanted) continue;
    uint64_t shift = i < 128 ? 0 : i / 64 - 1;
    return (double)((i - shift * 64) << shift) / 1000;
  }
  return 0;
}
