/** What a stream tells of its usage, event by event. */
import { describe, expect, test } from 'vitest';
import { eventText } from '../../src/http/event-stream.ts';
import { withoutUsage } from '../../src/openai/hidden-usage.ts';
import { modelRequestOf } from '../../src/openai/openai-request.ts';
import {
  afterEvent,
  NOTHING_READ,
  parseEvent,
  spentIn,
  type StreamReading,
} from '../../src/openai/usage-from-stream.ts';

const request = modelRequestOf(
  'chat',
  JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'eight by' }] }),
);

function readingOf(events: readonly unknown[]): StreamReading {
  return events.reduce<StreamReading>((reading, event) => {
    const data = typeof event === 'string' ? event : JSON.stringify(event);
    return afterEvent(reading, data, parseEvent(data));
  }, NOTHING_READ);
}

const delta = (fields: object): object => ({
  model: 'gpt-4o-x',
  choices: [{ index: 0, delta: fields }],
});

describe('a chat stream', () => {
  test.each([
    ['text', { content: 'hi' }, 1],
    ['an empty piece', { role: 'assistant', content: '' }, 0],
    ['a refusal', { refusal: 'no' }, 1],
    ['shown reasoning', { reasoning_content: 'hm' }, 1],
    ['arguments of a tool', { tool_calls: [{ function: { arguments: '{"a"' } }] }, 1],
    ['a piece of several words', { content: 'one two three' }, 3],
    ['a piece of text without words', { content: '한'.repeat(20) }, 10],
  ])('counts %s', (_name, fields, outputTokens) => {
    expect(spentIn(readingOf([delta(fields)]), request)).toEqual({
      usage: { inputTokens: 2, outputTokens },
      basis: 'counted',
      model: 'gpt-4o-x',
    });
  });

  test('is complete with its usage chunk, and then settled as reported', () => {
    const reading = readingOf([
      delta({ content: 'hi' }),
      { choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } },
    ]);
    expect(reading.isComplete).toBe(true);
    expect(spentIn(reading, request)).toMatchObject({
      usage: { inputTokens: 7, outputTokens: 3 },
      basis: 'reported',
    });
  });

  test('with usage in every chunk is complete only at its end, with the last report', () => {
    const chunk = (tokens: number): object => ({
      ...delta({ content: 'x' }),
      usage: { prompt_tokens: 7, completion_tokens: tokens },
    });
    expect(readingOf([chunk(1), chunk(2)]).isComplete).toBe(false);
    const whole = readingOf([chunk(1), chunk(2), '[DONE]']);
    expect(whole.isComplete).toBe(true);
    expect(spentIn(whole, request).usage).toEqual({ inputTokens: 7, outputTokens: 2 });
  });

  test.each([
    ['garbage', '{"choices":'],
    ['null', 'null'],
    ['an array', '[]'],
    ['an error', { error: {} }],
  ])('survives %s', (_name, event) => {
    expect(readingOf([event, delta({ content: 'hi' })]).text.deltas).toBe(1);
  });

  test('books no model name that cannot be one', () => {
    const reading = readingOf([{ model: 'no such\nmodel', choices: [] }]);
    expect(reading.model).toBeUndefined();
  });
});

describe('a stream of responses', () => {
  test('counts deltas of text and arguments, not of sound', () => {
    const { text } = readingOf([
      { type: 'response.created', response: { model: 'gpt-4o-x', usage: null } },
      { type: 'response.output_text.delta', delta: 'hi' },
      { type: 'response.function_call_arguments.delta', delta: '{}' },
      { type: 'response.reasoning_summary_text.delta', delta: 'so' },
      { type: 'response.audio.delta', delta: 'AAAA' },
      { type: 'response.output_text.done', text: 'hi' },
    ]);
    expect(text.deltas).toBe(3);
  });

  test.each(['response.completed', 'response.incomplete', 'response.failed'])(
    'ends with %s',
    (type) => {
      const reading = readingOf([
        {
          type,
          response: {
            model: 'gpt-4o-x',
            usage: { input_tokens: 7, output_tokens: 3 },
            tool_usage: { web_search: { num_requests: 2 } },
          },
        },
      ]);
      expect(reading.isComplete).toBe(true);
      expect(spentIn(reading, request)).toEqual({
        usage: { inputTokens: 7, outputTokens: 3, webSearchCalls: 2 },
        basis: 'reported',
        model: 'gpt-4o-x',
      });
    },
  );
});

describe('hiding usage', () => {
  const hidden = (chunk: object): string | undefined => {
    const text = `data: ${JSON.stringify(chunk)}\n\n`;
    const bytes = new TextEncoder().encode(text);
    // However the network cuts the event, the same is left of it.
    const texts = Array.from({ length: bytes.length }, (_, at) => {
      const pieces = at === 0 ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)];
      const shown = withoutUsage(pieces, chunk as Record<string, unknown>);
      expect(shown.every((piece) => piece.buffer === bytes.buffer)).toBe(true);
      return shown.length === 0 ? undefined : eventText(shown);
    });
    expect(new Set(texts).size).toBe(1);
    return texts[0];
  };

  test('drops the chunk that only has usage, and no other', () => {
    expect(hidden({ choices: [], usage: { prompt_tokens: 1 } })).toBeUndefined();
    expect(hidden({ choices: [], prompt_filter_results: [] })).toContain('prompt_filter_results');
  });

  test('takes the empty field out of other chunks', () => {
    expect(hidden({ choices: [{}], usage: null })).toBe('data: {"choices":[{}]}\n\n');
    expect(hidden({ choices: [], usage: null, id: 1 })).toBe('data: {"choices":[],"id":1}\n\n');
  });

  test('never touches text that looks like the field', () => {
    const content = 'say ,"usage":null twice ,"usage":null';
    expect(hidden({ choices: [{ delta: { content } }], usage: null })).toBe(
      `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
    );
  });
});
