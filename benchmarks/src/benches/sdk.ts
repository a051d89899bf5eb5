/** A wrapped OpenAI client beside the bare one. */
import { connect } from '@bursar/client';
import { type Amount, parseUsd } from '@bursar/core';
import { createBursar } from '@bursar/server';
import { OpenAI } from 'openai';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop } from '../harness/drive.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import {
  agreeableCaller,
  agreeableCallerOverTrpc,
  agreeableDirectCaller,
} from '../subjects/agreeable-service.ts';
import { instantFetch } from '../subjects/instant-provider.ts';
import { ServerProcess } from '../subjects/server-process.ts';

const MODEL = 'gpt-4o-mini';
const USER = 'user-0';
const PROMPT = 'word '.repeat(100);
/** Dollars that one user spends in no run. */
const LIMIT_USD = '1000000';

const BARE = 'bare client, local provider';
const WRAPPED = 'wrapped, local provider, decision at once';
const BARE_INSTANT = 'bare client, answered out of memory';
const WRAPPED_INSTANT = 'wrapped, answered out of memory, decision at once';
const DIRECT_INSTANT = 'the same, parsed and checked in this process';
const TRPC_INSTANT = 'the same, through tRPC in this process';
const EMBEDDED_INSTANT = 'wrapped, answered out of memory, Bursar in this process';
const BARE_STREAM = 'bare client, local provider, stream';
const WRAPPED_STREAM = 'wrapped, local provider, stream, decision at once';

export const sdk: Bench = {
  name: 'sdk',
  question: 'what does wrapping an OpenAI client add to a call?',
  operation: 'chat completion, one at a time',
  async open() {
    const provider = await ServerProcess.start('provider');
    const bursar = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: LIMIT_USD });
    const atOnce = connect({ caller: agreeableCaller() });
    const direct = connect({ caller: agreeableDirectCaller() });
    const overTrpc = connect({ caller: agreeableCallerOverTrpc() });
    const embedded = connect({ bursar, tenant: 'bench' });
    const connections = [atOnce, direct, overTrpc, embedded];
    const network = new OpenAI({ apiKey: 'bench', baseURL: provider.url, maxRetries: 0 });
    const instant = new OpenAI({ apiKey: 'bench', fetch: instantFetch, maxRetries: 0 });
    let costNanoUsd = 0n;
    const onSettled = (_call: unknown, { costUsd }: { costUsd: string }): void => {
      costNanoUsd += BigInt(parseUsd(costUsd));
    };
    const calls = (name: string, client: OpenAI, call = complete): Candidate => ({
      name,
      open: async () =>
        closedLoop({
          inFlight: 1,
          operation: () => call(client),
          // What is settled after the answer belongs to the call.
          finish: async () => {
            await Promise.all(connections.map((connection) => connection.settled()));
          },
        }),
    });
    return {
      candidates: [
        calls(BARE, network),
        calls(WRAPPED, atOnce.wrap(network, { user: USER })),
        calls(BARE_INSTANT, instant),
        calls(WRAPPED_INSTANT, atOnce.wrap(instant, { user: USER })),
        calls(DIRECT_INSTANT, direct.wrap(instant, { user: USER })),
        calls(TRPC_INSTANT, overTrpc.wrap(instant, { user: USER })),
        calls(EMBEDDED_INSTANT, embedded.wrap(instant, { user: USER, onSettled })),
        calls(BARE_STREAM, network, stream),
        calls(WRAPPED_STREAM, atOnce.wrap(network, { user: USER }), stream),
      ],
      async judge(of) {
        const { settledUsd, reservedUsd } = await embedded.usage.current({ user: USER });
        const off = BigInt(parseUsd(settledUsd)) - costNanoUsd;
        const open: Amount = parseUsd(reservedUsd);
        return {
          findings: findings(of),
          moneyOffNanoUsd: Number(off < 0n ? -off : off) + open,
        };
      },
      async close() {
        await Promise.all(connections.map((connection) => connection.close()));
        await bursar.close();
        await provider.close();
      },
    };
  },
};

async function complete(client: OpenAI): Promise<void> {
  await client.chat.completions.create({
    model: MODEL,
    max_completion_tokens: 200,
    messages: [{ role: 'user', content: PROMPT }],
  });
}

async function stream(client: OpenAI): Promise<void> {
  const chunks = await client.chat.completions.create({
    model: MODEL,
    max_completion_tokens: 200,
    messages: [{ role: 'user', content: PROMPT }],
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const _chunk of chunks);
}

function findings(of: (name: string) => Figures): readonly Finding[] {
  const p50Us = (name: string): number => (of(name).p50Ms ?? 0) * 1_000;
  const added = (name: string, wrapped: string, bare: string, goal?: number): Finding => ({
    name,
    value: p50Us(wrapped) - p50Us(bare),
    ...(goal === undefined ? {} : { goal }),
    better: 'less',
    unit: 'us',
    isByClock: true,
  });
  return [
    added('added to the p50, local provider', WRAPPED, BARE, 60),
    added('added to the p50, answered out of memory', WRAPPED_INSTANT, BARE_INSTANT, 60),
    added('added to the p50, parsed and checked in this process', DIRECT_INSTANT, BARE_INSTANT),
    added('added to the p50, the decision through tRPC', TRPC_INSTANT, BARE_INSTANT),
    added('added to the p50 with Bursar in this process', EMBEDDED_INSTANT, BARE_INSTANT),
    added('added to the p50 of a whole stream', WRAPPED_STREAM, BARE_STREAM),
    {
      name: 'CPU added to a call, all that happens after the answer included',
      value: allCpuUs(of(WRAPPED_INSTANT)) - allCpuUs(of(BARE_INSTANT)),
      better: 'less',
      unit: 'us',
    },
  ];
}
