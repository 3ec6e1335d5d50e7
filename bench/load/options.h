/** What the generator is asked to do: name=value on its command line. */

#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { payload_bytes_min = 12, payload_bytes_max = 1 << 20, brokers_max = 16 };

static const char *mode = "pair", *transport = "tcp";
static long port, publishers = 50, subscribers = 50, qos, payload_bytes = 64, window = 20;
static long rate, warm_up_ms = 500, duration_ms = 1000, version = 4;
static long kept; /* 1: subscribers have sessions that outlive their connections */
static long storming, queued = 100; /* clients of a storm, and what waits for each of them */
static long filters = 0;            /* that an idle or a storming client subscribes to */
static pid_t broker[brokers_max];
static int broker_count;

static const struct { const char *name; long *value, least, most; } numbers[] = {
  {"port", &port, 1, 65535},
  {"publishers", &publishers, 0, 100000},
  {"subscribers", &subscribers, 0, 100000},
  {"qos", &qos, 0, 2},
  {"bytes", &payload_bytes, payload_bytes_min, payload_bytes_max},
  {"window", &window, 1, 65535},
  {"rate", &rate, 0, 10000000},
  {"warm_up_ms", &warm_up_ms, 0, 3600000},
  {"duration_ms", &duration_ms, 1, 3600000},
  {"version", &version, 4, 5},
  {"kept", &kept, 0, 1},
  {"storming", &storming, 0, 100000},
  {"queued", &queued, 1, 1000},
  {"filters", &filters, 0, 100000},
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static bool in_mode(const char *name) { return strcmp(mode, name) == 0; }

static bool is_over(const char *name) { return strcmp(transport, name) == 0; }

static void require_one_of(const char *option, const char *value, const char *const *names) {
  for (; *names; names++)
    if (strcmp(value, *names) == 0) return;
  fail("there is no %s=%s", option, value);
}

static void read_brokers(char *list) {
  for (char *pid = strtok(list, ","); pid; pid = strtok(NULL, ",")) {
    if (broker_count == brokers_max) fail("more than %d processes in broker=", brokers_max);
    broker[broker_count++] = (pid_t)atol(pid);
  }
}

static void read_number(const char *name, const char *text) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(name, numbers[i].name) != 0) continue;
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value < numbers[i].least || value > numbers[i].most)
      fail("%s=%s should be from %ld to %ld", name, text, numbers[i].least, numbers[i].most);
    *numbers[i].value = value;
    return;
  }
  fail("there is no option '%s'", name);
}

static void read_options(int count, char **options) {
  static const char *const modes[] = {"pair", "share", "fanout", "idle",
                                      "reconnect", "subscribe", "will", 0};
  static const char *const transports[] = {"tcp", "tls", "websocket", 0};
  for (int i = 1; i < count; i++) {
    char *value = strchr(options[i], '=');
    if (!value) fail("'%s' should be name=value", options[i]);
    *value++ = 0;
    if (strcmp(options[i], "mode") == 0) mode = value;
    else if (strcmp(options[i], "transport") == 0) transport = value;
    else if (strcmp(options[i], "broker") == 0) read_brokers(value);
    else read_number(options[i], value);
  }
  require_one_of("mode", mode, modes);
  require_one_of("transport", transport, transports);
  bool is_storm = in_mode("reconnect") || in_mode("subscribe") || in_mode("will");
  if ((kept || is_storm) && version != 4) fail("kept=1 and storms need version=4");
  if (is_storm != (storming > 0)) fail("storming= and mode=%s do not fit", mode);
  if (is_storm && (!rate || qos != 1)) fail("mode=%s needs rate= and qos=1", mode);
  if (!in_mode("idle") && (publishers == 0 || subscribers == 0))
    fail("mode=%s needs publishers and subscribers", mode);
}
