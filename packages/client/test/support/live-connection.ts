/** Connections of the real openai package to the local provider, and what was heard on them. */
import { connect as connectTcp } from 'node:net';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { OpenAIRealtimeWebSocket as OpenAIRealtimeWebSocket6 } from 'openai-6/realtime/websocket';
import { OpenAIRealtimeWS as OpenAIRealtimeWS6 } from 'openai-6/realtime/ws';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { ResponsesWS as ResponsesWS6 } from 'openai-6/resources/responses/ws';
import { onTestFinished, vi } from 'vitest';
import { wrapRealtime } from '../../src/realtime/index.ts';
import type { ConnectionOptions } from '../../src/realtime/index.ts';
import type { Bursar } from '../../src/connect.ts';
import type { Runtime } from '../../src/runtime.ts';

/** The versions of the package that have to work. */
export const VERSIONS = [7, 6] as const;
export type Version = (typeof VERSIONS)[number];

export const REALTIME_MODEL = 'gpt-realtime';

/** An event, as far as tests look at it. */
export interface Heard {
  readonly type: string;
  readonly event_id?: string;
  readonly response?: { readonly id?: string; readonly status?: string };
  readonly error?: { readonly code?: string; readonly type?: string; readonly message?: string };
}

/** How a connection is opened. */
export interface Opening {
  readonly bursar: Bursar;
  readonly providerUrl: string;
  readonly options?: Partial<ConnectionOptions>;
  /** `x-provider-…`: what the provider is to do. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: Version;
  readonly runtime?: Runtime;
  /** Whether the package connects anew when the connection breaks. */
  readonly reconnects?: boolean;
  /** Whether the session only writes down what it hears; from version 7 on. */
  readonly isTranscription?: boolean;
}

/** A metered connection and its events. */
export interface Live<Connection> {
  readonly connection: Connection;
  readonly heard: readonly Heard[];
  readonly errors: readonly unknown[];
  /** Resolves with the first event, from the one after those that were waited for before, that `is` holds for. */
  next(is: string | ((event: Heard) => boolean)): Promise<Heard>;
}

/** Opens a realtime connection without ears, unless `isSilent` is false: its answers are asked for. */
export async function openRealtime({
  bursar,
  providerUrl,
  options,
  headers = {},
  version = 7,
  runtime,
  reconnects = false,
  isTranscription = false,
}: Opening): Promise<Live<OpenAIRealtimeWS>> {
  const clientOptions = { apiKey: 'sk-test', baseURL: providerUrl };
  const { port, hostname } = new URL(providerUrl);
  const props = {
    ...(isTranscription ? { intent: 'transcription' as const } : { model: REALTIME_MODEL }),
    ...(reconnects ? { reconnect: true, reconnectInitialDelay: 1, reconnectMaxDelay: 1 } : {}),
    options: {
      headers,
      // The package only knows addresses with TLS, which nobody needs on one machine.
      createConnection: () => connectTcp(Number(port), hostname),
    },
  };
  const connection =
    version === 7
      ? new OpenAIRealtimeWS(props, new OpenAI(clientOptions))
      : (new OpenAIRealtimeWS6(
          { ...props, model: REALTIME_MODEL },
          new OpenAI6(clientOptions),
        ) as unknown as OpenAIRealtimeWS);
  const wrapped = wrapRealtime(bursar, connection, { user: 'alice', ...options }, runtime);
  const live = listenTo(wrapped);
  await live.next('session.created');
  return live;
}

/** The same by the runtime's own WebSocket, as in a browser, where no headers can be set. */
export async function openNative({
  bursar,
  providerUrl,
  options,
  version = 7,
}: Opening): Promise<Live<OpenAIRealtimeWebSocket>> {
  // The package only knows addresses with TLS.
  class PlainWebSocket extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      super(url.replace(/^wss:/, 'ws:'), protocols);
    }
  }
  vi.stubGlobal('WebSocket', PlainWebSocket);
  onTestFinished(() => void vi.unstubAllGlobals());
  const clientOptions = { apiKey: 'sk-test', baseURL: providerUrl };
  const props = { model: REALTIME_MODEL };
  const connection =
    version === 7
      ? new OpenAIRealtimeWebSocket(props, new OpenAI(clientOptions))
      : (new OpenAIRealtimeWebSocket6(
          props,
          new OpenAI6(clientOptions),
        ) as unknown as OpenAIRealtimeWebSocket);
  const live = listenTo(wrapRealtime(bursar, connection, { user: 'alice', ...options }));
  await live.next('session.created');
  return live;
}

/** Opens a connection for responses. */
export function openResponses({
  bursar,
  providerUrl,
  options,
  headers = {},
  version = 7,
  runtime,
  reconnects = false,
}: Opening): Live<ResponsesWS> {
  const reconnecting = reconnects
    ? { reconnect: { initialDelay: 1, maxDelay: 1, onReconnecting: () => {} } }
    : {};
  const clientOptions = { apiKey: 'sk-test', baseURL: providerUrl };
  const connection =
    version === 7
      ? new ResponsesWS(new OpenAI(clientOptions), { headers, ...reconnecting })
      : (new ResponsesWS6(new OpenAI6(clientOptions), {
          headers,
          ...reconnecting,
        }) as unknown as ResponsesWS);
  return listenTo(wrapRealtime(bursar, connection, { user: 'alice', ...options }, runtime));
}

interface Speaking {
  on(event: 'event', listener: (event: never) => void): unknown;
  on(event: 'error', listener: (error: never) => void): unknown;
}

function listenTo<Connection extends Speaking>(connection: Connection): Live<Connection> {
  const heard: Heard[] = [];
  const errors: unknown[] = [];
  let read = 0;
  let wake = (): void => {};
  connection.on('event', (event: Heard) => {
    heard.push(event);
    wake();
  });
  connection.on('error', (error: unknown) => errors.push(error));
  const next: Live<Connection>['next'] = async (wanted) => {
    const is = typeof wanted === 'string' ? ({ type }: Heard): boolean => type === wanted : wanted;
    for (;;) {
      for (; read < heard.length;) {
        const event = heard[read++];
        if (event !== undefined && is(event)) return event;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { connection, heard, errors, next };
}

/** A user's message of exactly `words` tokens, as the local provider counts them. */
export function saying(words: number): {
  readonly type: 'conversation.item.create';
  readonly item: {
    readonly type: 'message';
    readonly role: 'user';
    readonly content: [{ readonly type: 'input_text'; readonly text: string }];
  };
} {
  const text = Array.from({ length: words }, () => 'word').join(' ');
  return {
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  };
}

/** Answers in text, asked for, of at most `cap` tokens. */
export function textOnly(cap: number): {
  readonly type: 'session.update';
  readonly session: {
    readonly type: 'realtime';
    readonly output_modalities: ['text'];
    readonly max_output_tokens: number;
    readonly audio: { readonly input: { readonly turn_detection: null } };
  };
} {
  return {
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['text'],
      max_output_tokens: cap,
      audio: { input: { turn_detection: null } },
    },
  };
}
