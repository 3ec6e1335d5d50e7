/** What the generator's clients do with what they receive: acknowledge, count, publish the next. */

#pragma once
#include "measure.h"
#include "outgoing.h"

struct packet {
  enum packet_type type;
  uint8_t flags;
  const uint8_t *body;
  size_t length;
};

static long accepted_count, subscribed_count;
static bool is_measuring;
static bool is_closed_loop;     /* then what arrives makes room for the next message */
static uint32_t copies = 1;     /* of one message, until it has arrived everywhere */
static uint64_t received_count; /* copies that have arrived */
static uint64_t received_at;    /* when the bytes at hand came, in nanoseconds */

static uint64_t under_way(const struct client *client) {
  bool acknowledgement_lags = qos && client->acknowledged < client->arrived;
  return client->published - (acknowledgement_lags ? client->acknowledged : client->arrived);
}

static void fill_window(struct client *client) {
  if (!is_closed_loop) return;
  while (under_way(client) < (uint64_t)window) write_publish(client, received_at);
}

/* Returns how many bytes the length takes, 0 when more must come. */
static size_t get_length(const uint8_t *from, size_t available, size_t *length) {
  *length = 0;
  for (size_t count = 0; count < 4 && count < available; count++) {
    *length |= (size_t)(from[count] & 127) << 7 * count;
    if (from[count] < 128) return count + 1;
  }
  return 0;
}

static void on_publish(struct client *client, const struct packet *packet) {
  const uint8_t *body = packet->body, *id = body + 2 + (body[0] << 8 | body[1]);
  uint8_t publish_qos = packet->flags >> 1 & 3;
  const uint8_t *payload = id + (publish_qos ? 2 : 0);
  if (version == 5) {
    size_t length, count = get_length(payload, 4, &length);
    payload += count + length;
  }
  uint64_t due;
  uint32_t number;
  if (payload + sizeof due + sizeof number > body + packet->length) fail("a message lost its end");
  memcpy(&due, payload, sizeof due);
  memcpy(&number, payload + sizeof due, sizeof number);
  received_count++;
  if (is_measuring) count_latency(received_at - due);
  if (publish_qos > 0) write_acknowledgement(client, publish_qos == 1 ? puback : pubrec, id);
  struct client *publisher = &clients[number];
  if (++publisher->copies_arrived < copies) return;
  publisher->copies_arrived = 0;
  publisher->arrived++;
  fill_window(publisher);
}

static void on_acknowledged(struct client *client) {
  client->acknowledged++;
  fill_window(client);
}

static void on_packet(struct client *client, const struct packet *packet) {
  const uint8_t *body = packet->body;
  size_t length = packet->length;
  bool is_acknowledgement = packet->type >= puback && packet->type <= pubcomp;
  if (is_acknowledgement && length > 2 && body[2] >= 0x80)
    fail("the broker refused a message with 0x%02x", body[2]);
  switch (packet->type) {
    case connack:
      if (body[1]) fail("the broker refused client %u with 0x%02x", client->number, body[1]);
      accepted_count++;
      return;
    case suback:
      if (body[length - 1] != qos) fail("the broker granted 0x%02x", body[length - 1]);
      subscribed_count++;
      return;
    case publish: on_publish(client, packet); return;
    case pubrec: write_acknowledgement(client, pubrel, body); return;
    case pubrel: write_acknowledgement(client, pubcomp, body); return;
    case puback:
    case pubcomp: on_acknowledged(client); return;
    case disconnect: fail("the broker sent DISCONNECT 0x%02x", length ? body[0] : 0);
  }
  fail("the broker sent a packet of type %d", packet->type);
}

/* Returns how many bytes the packet takes, 0 when more must come. */
static size_t next_packet(const uint8_t *bytes, size_t available, struct packet *packet) {
  if (available < 2) return 0;
  size_t header = get_length(bytes + 1, available - 1, &packet->length) + 1;
  if (header == 1 || header + packet->length > available) return 0;
  packet->type = bytes[0] >> 4;
  packet->flags = bytes[0] & 15;
  packet->body = bytes + header;
  return header + packet->length;
}

static void receive(struct client *client) {
  static uint8_t chunk[3 * payload_bytes_max];
  size_t length = client->in.length, used = 0, size;
  if (length > 0) memcpy(chunk, client->in.bytes, length);
  ssize_t count = recv(client->fd, chunk + length, sizeof chunk - length, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) fail("client %u cannot receive: %s", client->number, strerror(errno));
  if (count == 0) fail("the broker closed the connection of client %u", client->number);
  received_at = now();
  length += (size_t)count;
  struct packet packet;
  while ((size = next_packet(chunk + used, length - used, &packet)) > 0) {
    on_packet(client, &packet);
    used += size;
  }
  client->in.length = 0;
  append(&client->in, chunk + used, length - used);
}
