/** WebSocket frames: all that a client writes in a turn goes out as one binary frame. */

#pragma once
#include <stdint.h>
#include "buffer.h"
#include "options.h"

static const char upgrade_request[] =
  "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  "Sec-WebSocket-Key: cGFudGFsYS1iZW5jaC1sZA==\r\nSec-WebSocket-Version: 13\r\n"
  "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

enum { frame_header_max = 14 };

/* A client must mask, so that proxies are not misled; to the broker any key costs the same. The
   four bytes of it twice, as eight are masked at a time. */
static const uint8_t mask[8] = {0x9c, 0x35, 0xe1, 0x4b, 0x9c, 0x35, 0xe1, 0x4b};

/* The length is known when the frame is sealed; until then there is room for the longest header. */
static size_t begin_frame(struct buffer *buffer) {
  static const uint8_t room[frame_header_max];
  append(buffer, room, sizeof room);
  return buffer->length - sizeof room;
}

static uint8_t *put_frame_header(uint8_t *to, size_t length) {
  int length_bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
  *to++ = 0x82; /* the only frame of a binary message */
  *to++ = (uint8_t)(0x80 | (length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127));
  while (length_bytes-- > 0) *to++ = (uint8_t)(length >> 8 * length_bytes);
  memcpy(to, mask, 4);
  return to + 4;
}

/* Masks what came since begin_frame, and moves it to the end of its header. */
static void seal_frame(struct buffer *buffer, size_t start) {
  const uint8_t *from = buffer->bytes + start + frame_header_max;
  size_t length = buffer->length - start - frame_header_max, i = 0;
  uint8_t *to = put_frame_header(buffer->bytes + start, length);
  for (uint64_t word, key = 0; i + 8 <= length; i += 8) {
    memcpy(&key, mask, 8);
    memcpy(&word, from + i, 8);
    word ^= key;
    memcpy(to + i, &word, 8);
  }
  for (; i < length; i++) to[i] = from[i] ^ mask[i % 4];
  buffer->length = (size_t)(to - buffer->bytes) + length;
}

/* Where a client is within the frames that it receives. */
struct frames {
  uint64_t rest; /* of the payload of the current one */
  uint8_t header[10];
  size_t header_length;
};

/* A broker's frames: no mask. Other than with data none is expected in so short a time. */
static void read_frame_header(struct frames *frames) {
  const uint8_t *header = frames->header;
  if (frames->header_length < 2) return;
  size_t length_bytes = header[1] < 126 ? 0 : header[1] == 126 ? 2 : 8;
  if (frames->header_length < 2 + length_bytes) return;
  if ((header[0] & 15) != 0 && (header[0] & 15) != 2)
    fail("the broker sent a WebSocket frame of type %d", header[0] & 15);
  if (header[1] & 0x80) fail("the broker masked a WebSocket frame");
  frames->rest = length_bytes == 0 ? header[1] : 0;
  for (size_t i = 0; i < length_bytes; i++) frames->rest = frames->rest << 8 | header[2 + i];
  frames->header_length = 0;
}

/* Takes the frames away from around their content, and returns the length of that. */
static size_t unframe(struct frames *frames, uint8_t *bytes, size_t length) {
  size_t kept_length = 0, used = 0;
  while (used < length) {
    if (frames->rest == 0) {
      frames->header[frames->header_length++] = bytes[used++];
      read_frame_header(frames);
      continue;
    }
    size_t count = frames->rest < length - used ? (size_t)frames->rest : length - used;
    memmove(bytes + kept_length, bytes + used, count);
    kept_length += count, used += count, frames->rest -= count;
  }
  return kept_length;
}
