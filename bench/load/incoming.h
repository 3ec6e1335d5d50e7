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

static long accepted_count, subscribed_count, unsubscribed_count;
static bool is_measuring;
static bool is_closed_loop;     /* then what arrives makes room for the next message */
static uint32_t copies = 1;     /* of one message, until it has arrived everywhere */
static uint64_t received_count; /* copies that have arrived */
static uint64_t received_at;    /* when the bytes at hand came, in nanoseconds */
static uint64_t storm_count; /* messages that have come of those of a storm */
static uint64_t storm_count_each; /* that each of its receivers expects */
static bool subscriptions_storm;

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

/* A broker may send a message again; it counts once, as all are expected. */
static void on_storm_message(struct client *client) {
  if (client->arrived == storm_count_each) return;
  client->arrived++;
  storm_count++;
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
  if (publish_qos > 0) write_acknowledgement(client, publish_qos == 1 ? puback : pubrec, id);
  if (is_storming(client) || is_feeder(client)) return on_storm_message(client);
  received_count++;
  if (is_measuring) count_latency(received_at - due);
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

/* A client of a storm subscribes to all its filters, then unsubscribes from all, over and over. */
static void write_next_request(struct client *client) {
  char filter[32];
  uint64_t step = client->published++, number = step % (uint64_t)filters;
  snprintf(filter, sizeof filter, "storm/%u/%u/+", client->number, (unsigned)number);
  if (step / (uint64_t)filters % 2 == 0) write_subscribe(client, filter);
  else write_unsubscribe(client, filter);
}

static void on_answered(struct client *client, long *count) {
  ++*count;
  if (subscriptions_storm && is_storming(client)) write_next_request(client);
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
      if (body[length - 1] != qos)
        fail("the broker answered SUBSCRIBE for QoS %ld with 0x%02x", qos, body[length - 1]);
      on_answered(client, &subscribed_count);
      return;
    case unsuback: on_answered(client, &unsubscribed_count); return;
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

/* Of a large message the first bytes say all; the others are counted, and not kept. */
enum { beginning_bytes = 128 };

/* Keeps what is needed of a packet whose rest has not come. */
static void keep_beginning(struct client *client, const uint8_t *bytes, size_t available) {
  size_t length, header = available < 2 ? 0 : get_length(bytes + 1, available - 1, &length);
  bool is_large = header > 0 && available >= beginning_bytes;
  client->rest = is_large ? 1 + header + length - available : 0;
  client->in.length = 0;
  append(&client->in, bytes, is_large ? beginning_bytes : available);
}

/* Returns how many of the bytes belong to the packet that `rest` is missing of. */
static size_t take_rest(struct client *client, size_t available) {
  if (client->rest > available) {
    client->rest -= available;
    return available;
  }
  size_t taken = client->rest;
  client->rest = 0;
  struct packet packet = {.type = client->in.bytes[0] >> 4, .flags = client->in.bytes[0] & 15};
  packet.body = client->in.bytes + 1 + get_length(client->in.bytes + 1, 4, &packet.length);
  on_packet(client, &packet);
  client->in.length = 0;
  return taken;
}

/* What comes first over WebSocket is the answer to the request for it. */
static void on_upgrade(struct client *client, const uint8_t *bytes, size_t length) {
  static const char status[] = "HTTP/1.1 101", end[] = "\r\n\r\n";
  append(&client->in, bytes, length);
  if (!memmem(client->in.bytes, client->in.length, end, strlen(end))) return;
  if (memcmp(client->in.bytes, status, strlen(status)) != 0)
    fail("the broker refused WebSocket: %.*s", (int)client->in.length, (char *)client->in.bytes);
  client->in.length = 0;
  client->is_upgraded = true;
  write_connect(client);
}

/* Room is left before the bytes for the beginning of a packet that came earlier. */
static void on_bytes(struct client *client, uint8_t *bytes, size_t length) {
  size_t used = client->rest > 0 ? take_rest(client, length) : 0, size;
  if (client->rest > 0) return;
  size_t early = client->in.length;
  bytes -= early, length += early;
  if (early > 0) memcpy(bytes, client->in.bytes, early);
  struct packet packet;
  while ((size = next_packet(bytes + used, length - used, &packet)) > 0) {
    on_packet(client, &packet);
    used += size;
  }
  keep_beginning(client, bytes + used, length - used);
}

static void receive(struct client *client) {
  static uint8_t chunk[beginning_bytes + (1 << 18)];
  uint8_t *bytes = chunk + beginning_bytes;
  do {
    ssize_t count = receive_bytes(&client->link, bytes, sizeof chunk - beginning_bytes);
    if (count < 0 && (errno == EAGAIN || errno == EINPROGRESS)) break;
    if (count < 0) fail("client %u cannot receive: %s", client->number, strerror(errno));
    if (count == 0) fail("the broker closed the connection of client %u", client->number);
    received_at = now();
    size_t length = (size_t)count;
    if (client->is_upgraded) on_bytes(client, bytes, unframe(&client->frames, bytes, length));
    else if (is_over("websocket")) on_upgrade(client, bytes, length);
    else on_bytes(client, bytes, length);
  } while (has_more(&client->link));
  /* Bytes that waited for a handshake of TLS. */
  if (has_unsent(client) && !client->awaits_room) mark_dirty(client);
}
