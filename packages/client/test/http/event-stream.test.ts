/** Cutting a byte stream into events, wherever the network cuts it. */
import { describe, expect, test } from 'vitest';
import {
  EVENT_BYTES_MAX,
  eventData,
  EventSplitter,
  eventText,
} from '../../src/http/event-stream.ts';

const encoder = new TextEncoder();

function split(chunks: readonly Uint8Array[]): { events: string[]; rest: string } {
  const splitter = new EventSplitter();
  const events = chunks.flatMap((chunk) => splitter.push(chunk)).map(eventText);
  return { events, rest: eventText(splitter.rest()) };
}

const STREAMS: Record<string, string> = {
  LF: ': hi\n\ndata: {"a":"é한🙂"}\n\nevent: x\ndata: 1\ndata: 2\n\ndata: [DONE]\n\n',
  CRLF: 'data: {"a":"é"}\r\n\r\nevent: x\r\ndata: 1\r\n\r\ndata: [DONE]\r\n\r\n',
  CR: 'data: 1\r\rdata: 2\r\r',
  mixed: 'data: 1\n\r\ndata: 2\r\n\ndata: 3\r\r\n',
};

describe.each(Object.entries(STREAMS))('%s', (_name, stream) => {
  const bytes = encoder.encode(stream);
  const whole = split([bytes]);

  test('cut at any two places, the data of the events is the same and no byte is lost', () => {
    const data = whole.events.map(eventData).filter((value) => value !== undefined);
    expect(data.length).toBeGreaterThan(1);
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 3) {
        const parts = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
        const { events, rest } = split(parts);
        expect(events.map(eventData).filter((value) => value !== undefined)).toEqual(data);
        expect(events.join('') + rest).toBe(stream);
      }
    }
  });
});

test('what comes after the last whole event is kept as the rest', () => {
  expect(split([encoder.encode('data: 1\n\ndata: 2\n')])).toEqual({
    events: ['data: 1\n\n'],
    rest: 'data: 2\n',
  });
});

test('an event that never ends is passed on in pieces instead of filling memory', () => {
  const splitter = new EventSplitter();
  const chunk = new Uint8Array(1024 * 1024).fill(0x61);
  let passed = 0;
  for (let size = 0; size <= EVENT_BYTES_MAX; size += chunk.length) {
    for (const piece of splitter.push(chunk))
      passed += piece.reduce((bytes, { length }) => bytes + length, 0);
  }
  expect(passed).toBeGreaterThan(EVENT_BYTES_MAX);
  expect(splitter.rest()).toEqual([]);
});

test.each([
  ['data: a', 'a'],
  ['data:a', 'a'],
  ['data:  a', ' a'],
  ['data: a\ndata: b', 'a\nb'],
  ['event: x\nid: 1\ndata: a', 'a'],
  [': comment', undefined],
  ['datum: a', undefined],
])('the data of %j is %j', (text, data) => {
  expect(eventData(`${text}\n\n`)).toBe(data);
});
