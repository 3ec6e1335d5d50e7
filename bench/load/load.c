/**
 * Loads an MQTT broker from one thread and prints what came of it as one line of JSON. C, because a
 * generator in JavaScript would measure itself. Linux only.
 *
 *     cc -O2 -o load bench/load/load.c
 *     ./load port=1883 mode=pair publishers=50 subscribers=50 qos=1 window=20 broker=PID
 *
 *     mode=pair    publisher i -> its own topic -> subscriber i modulo subscribers
 *     mode=share   publishers -> their own topics -> one shared subscription of all subscribers
 *     mode=fanout  publishers -> one topic -> every subscriber
 *     mode=idle    connections that do nothing once they are accepted and have subscribed to `filters`
 *     mode=reconnect  pairs at a fixed rate, beside `storming` clients that left sessions behind and
 *                  return at once, `queued` messages waiting for each
 *     mode=subscribe  pairs at a fixed rate, beside `storming` clients that subscribe to `filters`
 *                  filters each and unsubscribe from them, over and over
 *     mode=will    pairs at a fixed rate, beside `storming` clients that drop and leave a will each
 *
 * The loop is closed: a publisher has at most `window` messages under way. A message is under way
 * until all its copies and its last acknowledgement have arrived, so no broker has a reason to
 * drop one, and what counts is what was delivered. With rate= it is open: messages are due at
 * fixed times, whatever the broker does, and latency counts from when a message was due.
 */

#define _GNU_SOURCE
#include <signal.h>
#include "storm.h"

static void run(void) {
  warm_up();
  uint64_t start = now(), cpu = broker_cpu(), own_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  uint64_t count = received_count, end = in_milliseconds(duration_ms);
  is_measuring = true;
  if (rate) publish_paced_until(end);
  else publish_closed_until(end);
  if (!rate) is_measuring = false;
  double elapsed = (double)(now() - start);
  count = received_count - count;
  cpu = broker_cpu() - cpu;
  own_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - own_cpu;
  drain(); /* At a fixed rate what was late at the end counts as well. */
  printf("{\"messagesPerSecond\":%.1f,", (double)count / elapsed * 1e9);
  printf("\"cpuMicroseconds\":%.3f,", count ? (double)cpu / 1e3 / (double)count : 0);
  double megabytes = (double)count * (double)payload_bytes / 1e6;
  printf("\"megabytesPerSecond\":%.2f,", megabytes / elapsed * 1e9);
  printf("\"megabytesPerCpuSecond\":%.2f,", cpu ? megabytes / (double)cpu * 1e9 : 0);
  printf("\"p50\":%.1f,\"p99\":%.1f,", latency_us(.5), latency_us(.99));
  printf("\"p999\":%.1f,\"brokerBusy\":%.3f,", latency_us(.999), (double)cpu / elapsed);
  printf("\"generatorBusy\":%.3f,", (double)own_cpu / elapsed);
  printf("\"missing\":%llu}\n", (unsigned long long)missing_count());
}

static void subscribe_idle(void) {
  for (long i = 0; i < client_count * filters; i++) {
    char filter[64];
    snprintf(filter, sizeof filter, "idle/%05ld/%ld", i / filters, i % filters);
    write_subscribe(&clients[i / filters], filter);
    await_count(&subscribed_count, i + 1 - connecting_max, "subscriptions granted");
  }
  await_count(&subscribed_count, client_count * filters, "subscriptions granted");
}

/* Memory is read when garbage collectors and kernels had duration_ms to settle. */
static void idle(void) {
  long before = broker_resident_kb();
  uint64_t start = now(), cpu = broker_cpu();
  open_clients(0, client_count);
  double elapsed = (double)(now() - start), count = (double)client_count;
  cpu = broker_cpu() - cpu;
  subscribe_idle();
  turn_for(duration_ms);
  printf("{\"seconds\":%.4f,\"connectionsPerSecond\":%.0f,", elapsed / 1e9, count / elapsed * 1e9);
  printf("\"cpuMicroseconds\":%.2f,", (double)cpu / 1e3 / count);
  printf("\"kilobytes\":%.3f}\n", (double)(broker_resident_kb() - before) / count);
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  signal(SIGPIPE, SIG_IGN); /* OpenSSL cannot ask for MSG_NOSIGNAL */
  make_clients();
  if (in_mode("idle")) {
    idle();
    return 0;
  }
  open_clients(0, publishers + subscribers);
  subscribe_all();
  make_message();
  if (storming) run_storm();
  else run();
  return 0;
}
