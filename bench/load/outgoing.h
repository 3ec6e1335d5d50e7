/** The packets that the generator's clients write. */

#pragma once
#include "client.h"

enum packet_type {
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  suback = 9,
  unsuback = 11,
  disconnect = 14,
};

static size_t put_length(uint8_t *to, size_t length) {
  size_t count = 0;
  for (; length > 127; length >>= 7) to[count++] = (uint8_t)(length | 128);
  to[count++] = (uint8_t)length;
  return count;
}

static size_t put_text(uint8_t *to, const char *text) {
  size_t length = strlen(text);
  to[0] = (uint8_t)(length >> 8);
  to[1] = (uint8_t)length;
  memcpy(to + 2, text, length);
  return 2 + length;
}

/* MQTT 5.0 has properties where 3.1.1 has nothing; there are none. */
static size_t put_no_properties(uint8_t *to) {
  if (version == 4) return 0;
  to[0] = 0;
  return 1;
}

static void write_packet(struct client *client, uint8_t first, const uint8_t *body, size_t length) {
  uint8_t header[5] = {first};
  write_out(client, header, 1 + put_length(header + 1, length));
  write_out(client, body, length);
}

/* Clients are numbered: publishers, subscribers, those of a storm, and one that feeds or hears them. */
static bool is_storming(const struct client *client) {
  long first = publishers + subscribers, number = (long)client->number;
  return number >= first && number < first + storming;
}

static bool is_feeder(const struct client *client) {
  return storming && (long)client->number == publishers + subscribers + storming;
}

/* Of MQTT 3.1.1 alone: in 5.0 a session that is kept would need a property. */
static bool has_kept_session(const struct client *client) {
  if (is_storming(client)) return in_mode("reconnect");
  return kept && (long)client->number >= publishers;
}

static size_t put_next_packet_id(struct client *client, uint8_t *to) {
  if (++client->packet_id == 0) client->packet_id = 1;
  to[0] = (uint8_t)(client->packet_id >> 8);
  to[1] = (uint8_t)client->packet_id;
  return 2;
}

static const char storm_topic[] = "storm";
enum { storm_payload_bytes = 64 };

/* Of QoS 0, as more of QoS 1 at once than brokers queue for a client would be dropped. */
static size_t put_will(uint8_t *to, uint8_t *flags) {
  *flags |= 0x04;
  size_t length = put_text(to, storm_topic);
  to[length++] = 0, to[length++] = storm_payload_bytes;
  memset(to + length, 0, storm_payload_bytes);
  return length + storm_payload_bytes;
}

static void write_connect(struct client *client) {
  uint8_t body[160], *flags;
  char identifier[32];
  size_t length = put_text(body, "MQTT");
  body[length++] = (uint8_t)version;
  flags = &body[length++];
  *flags = has_kept_session(client) ? 0 : 2; /* clean start */
  body[length++] = 0xff, body[length++] = 0xff; /* a keep-alive: the broker keeps a deadline */
  length += put_no_properties(body + length);
  snprintf(identifier, sizeof identifier, "load-%u", client->number);
  length += put_text(body + length, identifier);
  if (in_mode("will") && is_storming(client)) length += put_will(body + length, flags);
  write_packet(client, 0x10, body, length);
}

static void write_subscribe(struct client *client, const char *filter) {
  uint8_t body[64];
  size_t length = put_next_packet_id(client, body);
  length += put_no_properties(body + length);
  length += put_text(body + length, filter);
  body[length++] = (uint8_t)qos;
  write_packet(client, 0x82, body, length);
}

static void write_unsubscribe(struct client *client, const char *filter) {
  uint8_t body[64];
  size_t length = put_next_packet_id(client, body);
  length += put_no_properties(body + length);
  length += put_text(body + length, filter);
  write_packet(client, 0xa2, body, length);
}

static void write_acknowledgement(struct client *client, enum packet_type type, const uint8_t *id) {
  uint8_t packet[4] = {(uint8_t)(type << 4 | (type == pubrel ? 2 : 0)), 2, id[0], id[1]};
  write_out(client, packet, sizeof packet);
}

/* One PUBLISH serves all; topic, packet id, and who sent it when are patched into it. */
static struct {
  uint8_t bytes[payload_bytes_max + 64];
  size_t length;
  size_t topic, id, payload; /* where they are */
} message;

enum { topic_digits = 5 };

static void make_message(void) {
  size_t header = 2 + strlen("load/") + topic_digits + (qos ? 2 : 0) + (version == 5 ? 1 : 0);
  message.bytes[0] = (uint8_t)(publish << 4 | qos << 1);
  message.length = 1 + put_length(message.bytes + 1, header + (size_t)payload_bytes);
  message.topic = message.length + 2 + strlen("load/");
  message.length += put_text(message.bytes + message.length, "load/00000");
  message.id = message.length;
  message.length += qos ? 2 : 0;
  message.length += put_no_properties(message.bytes + message.length);
  message.payload = message.length;
  message.length += (size_t)payload_bytes;
}

/* Publisher 0 and every publisher of mode=fanout keep the topic load/00000. */
static void address_message(uint32_t number) {
  uint32_t topic = in_mode("fanout") ? 0 : number;
  for (int digit = topic_digits - 1; digit >= 0; digit--, topic /= 10)
    message.bytes[message.topic + (size_t)digit] = (uint8_t)('0' + topic % 10);
}

static void write_publish(struct client *client, uint64_t due) {
  static uint32_t addressed_by = UINT32_MAX;
  if (addressed_by != client->number) address_message(addressed_by = client->number);
  if (qos) put_next_packet_id(client, message.bytes + message.id);
  memcpy(message.bytes + message.payload, &due, sizeof due);
  memcpy(message.bytes + message.payload + sizeof due, &client->number, sizeof client->number);
  write_out(client, message.bytes, message.length);
  client->published++;
}
