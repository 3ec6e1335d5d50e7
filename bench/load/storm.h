/** Storms: many clients ask much of a broker while bystanders exchange messages at a fixed rate. */

#pragma once
#include "publishing.h"

static struct client *stormers, *feeder;

/* What a storm is measured by: the bystanders' 99th percentile before it, and the broker's work. */
static struct {
  double p99_before;
  uint64_t start, cpu;
} storm;

static void begin_storm(void) {
  warm_up();
  is_measuring = true;
  publish_paced_until(in_milliseconds(duration_ms));
  drain();
  storm.p99_before = latency_us(.99);
  forget_latencies();
  storm.cpu = broker_cpu();
  storm.start = now();
}

/* What is under way at the end counts, too: a broker that stands still then must not profit. */
static void end_storm(uint64_t missing) {
  double elapsed = (double)(now() - storm.start), cpu = (double)(broker_cpu() - storm.cpu);
  drain();
  is_measuring = false;
  printf("\"p99Before\":%.1f,\"p99\":%.1f,", storm.p99_before, latency_us(.99));
  printf("\"brokerBusy\":%.3f,\"missing\":%llu}\n", cpu / elapsed,
         (unsigned long long)(missing_count() + missing));
}

static void publish_queued(void) {
  uint8_t body[32 + storm_payload_bytes] = {0};
  size_t length = put_text(body, storm_topic);
  length += put_next_packet_id(feeder, body + length);
  length += storm_payload_bytes;
  write_packet(feeder, (uint8_t)(publish << 4 | 1 << 1), body, length);
}

/* They leave sessions behind, and every message of the feeder waits in each of these. */
static void leave_and_be_missed(void) {
  long granted = subscribed_count;
  open_clients(publishers + subscribers, storming + 1);
  for (long i = 0; i < storming; i++) write_subscribe(&stormers[i], storm_topic);
  await_count(&subscribed_count, granted + storming, "subscriptions granted");
  for (long i = 0; i < storming; i++) drop_client(&stormers[i]);
  turn_for(300); /* until the broker has noticed */
  for (uint64_t i = 1; i <= (uint64_t)queued; i++) {
    publish_queued();
    while (feeder->acknowledged < i)
      if (!turn(5000)) fail("no acknowledgement after 5 s of silence");
  }
}

enum { storm_seconds_max = 30 };

static uint64_t storm_count_all;

static bool is_incomplete(void) {
  return storm_count < storm_count_all && now() < storm.start + storm_seconds_max * 1000000000ull;
}

/* Goes on until all its messages have come, or too long. */
static void run_through(bool (*goes_on)(void)) {
  publish_paced_while(goes_on);
  printf("{\"seconds\":%.3f,", (double)(now() - storm.start) / 1e9);
  end_storm(storm_count_all - storm_count);
}

static long moving_count, accepted_before;

/* A few at a time, here and below, as that is work of the generator's that bystanders wait for. */
static bool all_return(void) {
  for (int i = 0; i < 4 && moving_count < storming; i++) {
    if (moving_count - (accepted_count - accepted_before) >= connecting_max) break;
    open_client(&stormers[moving_count++]);
  }
  return is_incomplete();
}

static void reconnect(void) {
  storm_count_each = (uint64_t)queued;
  storm_count_all = (uint64_t)(storming * queued);
  leave_and_be_missed();
  begin_storm();
  accepted_before = accepted_count;
  run_through(all_return);
}

static bool all_drop(void) {
  for (int i = 0; i < 16 && moving_count < storming; i++) drop_client(&stormers[moving_count++]);
  return is_incomplete();
}

static void leave_wills(void) {
  storm_count_each = storm_count_all = (uint64_t)storming;
  open_clients(publishers + subscribers, storming + 1);
  long granted = subscribed_count;
  write_subscribe(feeder, storm_topic);
  await_count(&subscribed_count, granted + 1, "subscriptions granted");
  begin_storm();
  run_through(all_drop);
}

static void subscribe(void) {
  open_clients(publishers + subscribers, storming + 1);
  begin_storm();
  long before = subscribed_count + unsubscribed_count;
  subscriptions_storm = true;
  for (long i = 0; i < storming * window; i++) write_next_request(&stormers[i % storming]);
  publish_paced_until(in_milliseconds(duration_ms));
  subscriptions_storm = false;
  double elapsed = (double)(now() - storm.start) / 1e9;
  long requests = subscribed_count + unsubscribed_count - before;
  printf("{\"requestsPerSecond\":%.0f,", (double)requests / elapsed);
  end_storm(0);
}

static void run_storm(void) {
  stormers = clients + publishers + subscribers;
  feeder = stormers + storming;
  if (in_mode("reconnect")) reconnect();
  else if (in_mode("will")) leave_wills();
  else subscribe();
}
