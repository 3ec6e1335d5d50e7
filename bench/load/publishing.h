/** Publishers at work: in a closed loop, at a fixed rate, and until all has arrived. */

#pragma once
#include "connections.h"

static void subscribe_all(void) {
  bool one_each = !in_mode("share") && !in_mode("fanout");
  long count = one_each ? publishers : subscribers;
  for (long i = 0; i < count; i++) {
    char filter[32] = "$share/load/load/+";
    if (!in_mode("share")) snprintf(filter, sizeof filter, "load/%05ld", one_each ? i : 0);
    write_subscribe(&clients[publishers + i % subscribers], filter);
  }
  await_count(&subscribed_count, count, "subscriptions granted");
  if (in_mode("fanout")) copies = (uint32_t)subscribers;
}

static uint64_t in_milliseconds(long count) { return now() + (uint64_t)count * 1000000; }

static void publish_closed_until(uint64_t end) {
  is_closed_loop = true;
  received_at = now();
  for (long i = 0; i < publishers; i++) fill_window(&clients[i]);
  while (now() < end) turn(100);
  is_closed_loop = false;
}

/* Never sleeps, so that neither a late send nor a late wake-up of ours counts as the broker's. */
static void publish_paced_while(bool (*goes_on)(void)) {
  static long next;
  double interval = 1e9 / (double)rate, due = (double)now();
  while (goes_on()) {
    for (double time = (double)now(); due <= time; due += interval)
      write_publish(&clients[next++ % publishers], (uint64_t)due);
    turn(0);
  }
}

static uint64_t paced_end;
static bool is_before_end(void) { return now() < paced_end; }

static void publish_paced_until(uint64_t end) {
  paced_end = end;
  publish_paced_while(is_before_end);
}

/* Copies of all that was ever published that have not arrived. */
static uint64_t missing_count(void) {
  uint64_t count = 0;
  for (long i = 0; i < publishers; i++)
    count += (clients[i].published - clients[i].arrived) * copies - clients[i].copies_arrived;
  return count;
}

/* Waits for what is under way, but not for a broker that has lost it or has hours of work left. */
static void drain(void) {
  uint64_t end = in_milliseconds(3000);
  while (missing_count() > 0 && turn(1000) && now() < end);
}

/* A low rate would find a just-in-time compiler cold: so at full speed before it, too. What is then
   the usual way of a message is another one, a few at a time, and is compiled in the next second. */
enum { paced_warm_up_ms = 1000 };

static void warm_up(void) {
  publish_closed_until(in_milliseconds(warm_up_ms));
  if (!rate) return;
  drain();
  publish_paced_until(in_milliseconds(paced_warm_up_ms));
}
