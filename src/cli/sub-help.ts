/** What the help of `pantala sub` and `pantala rr` tells of formats. */

import type { HelpSection } from './command.ts';
import { outputHelp } from './output-format.ts';

export const formatSection: HelpSection = {
  title: 'Codes of -F',
  rows: [
    ['%%', 'a percent sign'],
    ['%A', 'topic alias'],
    ['%C', 'content type'],
    ['%D', 'correlation data'],
    ['%d', 'payload of 8 bytes as a double, little-endian'],
    ['%E', 'message expiry interval'],
    ['%f', 'payload of 4 bytes as a float'],
    ['%F', 'payload format indicator'],
    ['%I', 'time of arrival, as in 2026-01-02T03:04:05+0100'],
    ['%j', 'the message as JSON, with the payload as a string'],
    ['%J', 'the message as JSON, with a payload that is JSON'],
    ['%l', 'bytes of the payload'],
    ['%m', 'packet identifier'],
    ['%p', 'payload'],
    ['%P', 'user properties, as name:value'],
    ['%q', 'QoS'],
    ['%R', 'response topic'],
    ['%r', '1 for a retained message, else 0'],
    ['%S', 'subscription identifier'],
    ['%t', 'topic'],
    ['%U', 'time of arrival, in seconds since 1970'],
    ['%x', 'payload in hexadecimal digits'],
    ['%X', 'the same with capital letters'],
    ['%.2:x', 'the same, two digits at a time with a colon in between'],
    ['%10t, %-10t, %010x, %.5t', 'at least 10 wide, on the left, with zeros; at most 5'],
    ['@Y, @H, @s ...', 'a part of the time of arrival, as strftime(3) has it behind %'],
    ['@N, @@', 'nanoseconds; an at sign'],
    ['\\n, \\t, \\r, \\a, \\v, \\e, \\0, \\\\', 'end of line, tab and so on, escape, zero'],
  ],
};

export const subSections: readonly HelpSection[] = [
  { title: 'Formats of --output', rows: outputHelp },
  {
    title: 'What JSON has not, in --output cbor and msgpack',
    rows: [
      ['{"$hex":"00ff"}', 'bytes'],
      ['{"$tag":1,"value":0}', 'a tag of CBOR; bignums are numbers'],
      ['{"$map":[[1,"one"]]}', 'a map with keys that are no texts'],
      ['{"$float":"NaN"}', 'NaN, Infinity or -Infinity; 1.0 is a float, 1 an integer'],
      ['{"$simple":23}', 'a simple value of CBOR: 23 is undefined'],
      ['{"$timestamp":"2026-01-02T03:04:05Z"}', 'a timestamp of MessagePack'],
      ['{"$extension":1,"hex":"00"}', 'another extension of MessagePack'],
      ['{"payload_hex":"00ff"}', 'what could not be decoded'],
    ],
  },
  formatSection,
];
