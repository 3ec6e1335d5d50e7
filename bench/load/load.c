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
 *     mode=idle    connections that do nothing once they are accepted
 *
 * The loop is closed: a publisher has at most `window` messages under way. A message is under way
 * until all its copies and its last acknowledgement have arrived, so no broker has a reason to
 * drop one, and what counts is what was delivered. With rate= it is open: messages are due at
 * fixed times, whatever the broker does, and latency counts from when a message was due.
 */

#define _GNU_SOURCE
#include <sys/resource.h>
#include "incoming.h"

/* Fewer than the smallest backlog among brokers (Mosquitto: 100), else the kernel drops SYNs and
   connecting measures its one-second retry. */
enum { connecting_max = 64 };

static long client_count;

/* Sends what has been written, then handles what comes; false when nothing came in that time. */
static bool turn(int milliseconds) {
  static struct epoll_event events[512];
  while (dirty) {
    struct client *client = dirty;
    dirty = client->next_dirty;
    client->is_dirty = false;
    if (!client->awaits_room) flush(client);
  }
  int count = epoll_wait(epoll, events, 512, milliseconds);
  for (int i = 0; i < count; i++) {
    struct client *client = events[i].data.ptr;
    if (events[i].events & EPOLLOUT) flush(client);
    if (events[i].events & ~(uint32_t)EPOLLOUT) receive(client);
  }
  return count > 0;
}

static void await_count(const long *count, long wanted, const char *what) {
  while (*count < wanted)
    if (!turn(5000)) fail("%ld of %ld %s after 5 s of silence", *count, wanted, what);
}

static void open_client(struct client *client) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int yes = 1;
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0) fail("no socket for client %u: %s", client->number, strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(client->fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    fail("client %u cannot connect: %s", client->number, strerror(errno));
  client->awaits_room = true;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
  write_connect(client);
}

static void open_clients(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  client_count = publishers + subscribers;
  clients = calloc((size_t)client_count, sizeof *clients);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!clients || epoll < 0) fail("out of memory");
  for (long i = 0; i < client_count; i++) {
    clients[i].number = (uint32_t)i;
    open_client(&clients[i]);
    await_count(&accepted_count, i + 1 - connecting_max, "connections accepted");
  }
  await_count(&accepted_count, client_count, "connections accepted");
}

static void subscribe_all(void) {
  long count = in_mode("pair") ? publishers : subscribers;
  for (long i = 0; i < count; i++) {
    char filter[32] = "$share/load/load/+";
    if (!in_mode("share")) snprintf(filter, sizeof filter, "load/%05ld", in_mode("pair") ? i : 0);
    write_subscribe(&clients[publishers + i % subscribers], filter);
  }
  await_count(&subscribed_count, count, "subscriptions granted");
  if (in_mode("fanout")) copies = (uint32_t)subscribers;
}

static void publish_closed_until(uint64_t end) {
  is_closed_loop = true;
  received_at = now();
  for (long i = 0; i < publishers; i++) fill_window(&clients[i]);
  while (now() < end) turn(100);
  is_closed_loop = false;
}

/* Never sleeps, so that neither a late send nor a late wake-up of ours counts as the broker's. */
static void publish_paced_until(uint64_t end) {
  static long next;
  double interval = 1e9 / (double)rate, due = (double)now();
  for (uint64_t time = now(); time < end; time = now()) {
    for (; due <= (double)time; due += interval)
      write_publish(&clients[next++ % publishers], (uint64_t)due);
    turn(0);
  }
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
  uint64_t end = now() + 3000000000u;
  while (missing_count() > 0 && turn(1000) && now() < end);
}

static void warm_up(void) {
  publish_closed_until(now() + (uint64_t)warm_up_ms * 1000000);
  /* A low fixed rate would find a just-in-time compiler cold: so at full speed before it, too. */
  if (rate) drain();
}

static void run(void) {
  warm_up();
  uint64_t start = now(), cpu = broker_cpu(), own_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  uint64_t count = received_count, end = start + (uint64_t)duration_ms * 1000000;
  is_measuring = true;
  if (rate) publish_paced_until(end);
  else publish_closed_until(end);
  is_measuring = false;
  double elapsed = (double)(now() - start);
  count = received_count - count;
  cpu = broker_cpu() - cpu;
  own_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - own_cpu;
  drain();
  printf("{\"messagesPerSecond\":%.1f,", (double)count / elapsed * 1e9);
  printf("\"cpuMicroseconds\":%.3f,", count ? (double)cpu / 1e3 / (double)count : 0);
  printf("\"p50\":%.1f,\"p99\":%.1f,", latency_us(.5), latency_us(.99));
  printf("\"p999\":%.1f,\"brokerBusy\":%.3f,", latency_us(.999), (double)cpu / elapsed);
  printf("\"generatorBusy\":%.3f,", (double)own_cpu / elapsed);
  printf("\"missing\":%llu}\n", (unsigned long long)missing_count());
}

/* Memory is read when garbage collectors and kernels had duration_ms to settle. */
static void idle(void) {
  long before = broker_resident_kb();
  uint64_t start = now(), cpu = broker_cpu();
  open_clients();
  double elapsed = (double)(now() - start), count = (double)client_count;
  cpu = broker_cpu() - cpu;
  for (uint64_t end = now() + (uint64_t)duration_ms * 1000000; now() < end;) turn(50);
  printf("{\"seconds\":%.4f,\"connectionsPerSecond\":%.0f,", elapsed / 1e9, count / elapsed * 1e9);
  printf("\"cpuMicroseconds\":%.2f,", (double)cpu / 1e3 / count);
  printf("\"kilobytes\":%.3f}\n", (double)(broker_resident_kb() - before) / count);
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  if (in_mode("idle")) {
    idle();
    return 0;
  }
  open_clients();
  subscribe_all();
  make_message();
  run();
  return 0;
}
