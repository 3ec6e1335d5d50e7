/** Bytes that grow. */

#pragma once
#include <stdint.h>
#include "options.h"

struct buffer {
  uint8_t *bytes;
  size_t length, capacity;
};

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
