/** Opens and closes connections, and waits for what comes on them. */

#pragma once
#include <sys/resource.h>
#include "incoming.h"

/* Fewer than the smallest backlog among brokers (Mosquitto: 100), else the kernel drops SYNs and
   connecting measures its one-second retry. */
enum { connecting_max = 64 };

static long client_count;

/* Clients of a storm are watched apart, and a few of them are served at a time, so that the latency
   of bystanders is not the time that the generator spends on the storm. */
static int watched, watched_storm;
enum { events_max = 512, storm_events_max = 8 };

static void flush_dirty(void) {
  while (dirty) {
    struct client *client = dirty;
    dirty = client->next_dirty;
    client->is_dirty = false;
    if (!client->awaits_room) flush(client);
  }
}

static void serve(const struct epoll_event *event) {
  struct client *client = event->data.ptr;
  if (event->events & EPOLLOUT) flush(client);
  if (event->events & ~(uint32_t)EPOLLOUT) receive(client);
}

static void serve_storm(void) {
  struct epoll_event events[storm_events_max];
  int count = epoll_wait(watched_storm, events, storm_events_max, 0);
  for (int i = 0; i < count; i++) serve(&events[i]);
}

/* Sends what has been written, then handles what comes; false when nothing came in that time. */
static bool turn(int milliseconds) {
  static struct epoll_event events[events_max];
  flush_dirty();
  int count = epoll_wait(watched, events, events_max, milliseconds);
  bool storm_is_ready = false;
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr) serve(&events[i]);
    else storm_is_ready = true;
  }
  if (storm_is_ready) {
    flush_dirty();
    serve_storm();
  }
  return count > 0;
}

static void turn_for(long milliseconds) {
  for (uint64_t end = now() + (uint64_t)milliseconds * 1000000; now() < end;) turn(50);
}

static void await_count(const long *count, long wanted, const char *what) {
  while (*count < wanted)
    if (!turn(5000)) fail("%ld of %ld %s after 5 s of silence", *count, wanted, what);
}

static void open_client(struct client *client) {
  const char *error = open_link(&client->link);
  if (error) fail("client %u cannot connect: %s", client->number, error);
  client->epoll = is_storming(client) ? watched_storm : watched;
  client->awaits_room = true;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->link.fd, &event);
  if (is_over("websocket")) write_out(client, upgrade_request, strlen(upgrade_request));
  else write_connect(client);
}

/* As when a network fails: without DISCONNECT. */
static void drop_client(struct client *client) {
  close_link(&client->link);
  client->is_upgraded = client->has_frame = false;
  client->frames = (struct frames){0};
  client->in.length = client->rest = client->out.length = client->sent = 0;
}

static void open_clients(long first, long count) {
  long accepted_before = accepted_count;
  for (long i = 0; i < count; i++) {
    open_client(&clients[first + i]);
    await_count(&accepted_count, accepted_before + i + 1 - connecting_max, "connections accepted");
  }
  await_count(&accepted_count, accepted_before + count, "connections accepted");
}

static void make_clients(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  client_count = publishers + subscribers + storming + (storming ? 1 : 0);
  clients = calloc((size_t)client_count, sizeof *clients);
  watched = epoll_create1(EPOLL_CLOEXEC);
  watched_storm = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event storm_is_ready = {.events = EPOLLIN, .data.ptr = NULL};
  if (!clients || watched < 0 || watched_storm < 0) fail("out of memory");
  epoll_ctl(watched, EPOLL_CTL_ADD, watched_storm, &storm_is_ready);
  for (long i = 0; i < client_count; i++) clients[i].number = (uint32_t)i;
}
