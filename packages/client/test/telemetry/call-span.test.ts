/** Where an OpenTelemetry SDK is registered, each metered call is a span; elsewhere nothing happens. */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const exporter = new InMemorySpanExporter();

beforeEach(() => {
  exporter.reset();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
});
afterEach(() => trace.disable());

test('a call’s span has its model, its usage and its cost, and not its user', async () => {
  await using world = await openWorld('in-process');
  await world.openai().chat.completions.create(chat, {
    headers: { 'x-provider-output-tokens': '12' },
  });
  await world.bursar.settled();
  const [span, ...others] = exporter.getFinishedSpans();
  expect(others).toHaveLength(0);
  expect(span).toMatchObject({ name: `metered ${MODEL}`, kind: SpanKind.CLIENT });
  expect(span?.attributes).toEqual({
    'gen_ai.request.model': MODEL,
    'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
    'gen_ai.usage.input_tokens': 5,
    'gen_ai.usage.output_tokens': 12,
    'bursar.reservation': expect.any(String),
    'bursar.decision': 'allowed',
    'bursar.cost_usd': '0.00000795',
    'bursar.usage.basis': 'reported',
  });
});

test('a denied call’s span says why, and is an error', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  await expect(world.openai().chat.completions.create(chat)).rejects.toMatchObject({ status: 402 });
  const [span] = exporter.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes).toMatchObject({
    'bursar.decision': 'denied',
    'bursar.denial.reason': 'limit_too_small',
  });
});

test('a call that the provider refused has a span without cost', async () => {
  await using world = await openWorld('in-process');
  const headers = { 'x-provider-status': '500' };
  await expect(world.openai().chat.completions.create(chat, { headers })).rejects.toMatchObject({
    status: 500,
  });
  await world.bursar.settled();
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({ 'bursar.cost_usd': '0.00' });
});

test('a tracer that throws costs nobody a call', async () => {
  trace.disable();
  trace.setGlobalTracerProvider({
    getTracer: () => {
      throw new Error('broken tracer');
    },
  });
  await using world = await openWorld('in-process');
  await world.openai().chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(1);
});

test('without a registered tracer there are no spans', async () => {
  trace.disable();
  await using world = await openWorld('in-process');
  await world.openai().chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(1);
  expect(exporter.getFinishedSpans()).toHaveLength(0);
});
