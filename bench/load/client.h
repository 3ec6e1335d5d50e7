/** The generator's clients: one socket each, and what waits to be sent on it. */

#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include "options.h"

struct buffer {
  uint8_t *bytes;
  size_t length, capacity;
};

struct client {
  int fd;
  uint32_t number;
  bool awaits_room, is_dirty;
  struct buffer in;  /* the beginning of a packet whose rest has not come yet */
  struct buffer out; /* what waits to be sent, from `sent` on */
  size_t sent;
  uint16_t packet_id;
  uint64_t published, arrived, acknowledged;
  uint32_t copies_arrived; /* of those of the next message to arrive */
  struct client *next_dirty;
};

static struct client *clients;
static struct client *dirty; /* the first of those that have written since the last turn */
static int epoll;

static void append(struct buffer *buffer, const void *bytes, size_t length) {
  if (length == 0) return;
  if (buffer->length + length > buffer->capacity) {
    buffer->capacity = 2 * (buffer->length + length);
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (!buffer->bytes) fail("out of memory");
  }
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

/* What is written is sent at the end of the turn, in one piece. */
static void write_out(struct client *client, const void *bytes, size_t length) {
  append(&client->out, bytes, length);
  if (client->is_dirty) return;
  client->is_dirty = true;
  client->next_dirty = dirty;
  dirty = client;
}

static void await_room(struct client *client, bool awaits_room) {
  if (client->awaits_room == awaits_room) return;
  client->awaits_room = awaits_room;
  struct epoll_event event = {.events = EPOLLIN | (awaits_room ? EPOLLOUT : 0), .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void flush(struct client *client) {
  while (client->sent < client->out.length) {
    ssize_t count = send(client->fd, client->out.bytes + client->sent,
                         client->out.length - client->sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      await_room(client, true);
      return;
    }
    if (count < 0) fail("client %u cannot send: %s", client->number, strerror(errno));
    client->sent += (size_t)count;
  }
  client->sent = client->out.length = 0;
  await_room(client, false);
}
