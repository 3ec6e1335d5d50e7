/** The generator's clients: one connection each, and what waits to be sent on it. */

#pragma once
#include <sys/epoll.h>
#include "link.h"
#include "websocket.h"

struct client {
  struct link link;
  int epoll; /* that watches it */
  uint32_t number;
  bool awaits_room, is_dirty;
  bool is_upgraded, has_frame; /* of WebSocket: it speaks it now; a frame is being written */
  struct frames frames;
  struct buffer in; /* the beginning of a packet whose rest has not come yet */
  size_t rest;      /* of that packet, when only its beginning is kept */
  struct buffer out; /* what waits to be sent, from `sent` on */
  size_t sent, frame;
  uint16_t packet_id;
  uint64_t published, arrived, acknowledged;
  uint32_t copies_arrived; /* of those of the next message to arrive */
  struct client *next_dirty;
};

static struct client *clients;
static struct client *dirty; /* the first of those that have written since the last turn */

static void mark_dirty(struct client *client) {
  if (client->is_dirty) return;
  client->is_dirty = true;
  client->next_dirty = dirty;
  dirty = client;
}

/* What is written is sent at the end of the turn, in one piece. */
static void write_out(struct client *client, const void *bytes, size_t length) {
  if (client->is_upgraded && !client->has_frame) {
    client->frame = begin_frame(&client->out);
    client->has_frame = true;
  }
  append(&client->out, bytes, length);
  mark_dirty(client);
}

static void await_room(struct client *client, bool awaits_room) {
  if (client->awaits_room == awaits_room) return;
  client->awaits_room = awaits_room;
  struct epoll_event event = {.events = EPOLLIN | (awaits_room ? EPOLLOUT : 0), .data.ptr = client};
  epoll_ctl(client->epoll, EPOLL_CTL_MOD, client->link.fd, &event);
}

static bool has_unsent(const struct client *client) { return client->sent < client->out.length; }

static void flush(struct client *client) {
  if (client->has_frame) seal_frame(&client->out, client->frame);
  client->has_frame = false;
  while (has_unsent(client)) {
    ssize_t count = send_bytes(&client->link, client->out.bytes + client->sent,
                               client->out.length - client->sent);
    if (count > 0) {
      client->sent += (size_t)count;
      continue;
    }
    /* In a handshake of TLS what comes in is what lets it go on: see receive. */
    if (count < 0 && errno == EINPROGRESS) return await_room(client, false);
    if (count < 0 && errno == EAGAIN) return await_room(client, true);
    fail("client %u cannot send: %s", client->number, strerror(errno));
  }
  client->sent = client->out.length = 0;
  await_room(client, false);
}
