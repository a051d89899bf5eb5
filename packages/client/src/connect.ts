/**
 * The client: one connection to Bursar, and what can be done with it.
 *
 * Over HTTP or in this process, everything above the transport is the same.
 */
import { checkInteger } from './check-integer.ts';
import { type Journal, unjournaledCommits } from './commits/commits.ts';
import { connectionClosed } from './connection-closed.ts';
import { DrainLimit } from './drain-limit.ts';
import type { MeteringContext } from './metering-context.ts';
import type { MeterApi } from './meter-api.ts';
import { BackgroundCalls } from './http/background-calls.ts';
import { meteredFetch } from './http/metered-fetch.ts';
import type { ProviderApi } from './http/provider-api.ts';
import { fetchOf, type SdkClient, withFetch } from './http/sdk-client.ts';
import { OPENAI_API } from './openai/openai-api.ts';
import { loading } from './loading.ts';
import type { MeterWork } from './metered-work.ts';
import { pacingOn } from './pacing/pacing.ts';
import { retryingMeter } from './retrying-meter.ts';
import { type Runtime, SYSTEM_RUNTIME } from './runtime.ts';
import { type Session, type SessionPurse, sessionOf } from './session.ts';
import { type HttpServer, httpTransport } from './transport/http-transport.ts';
import {
  callersOf,
  type Embedded,
  type InProcess,
  inProcessTransport,
} from './transport/in-process-transport.ts';
import type {
  KeysApi,
  LimitsApi,
  PoliciesApi,
  Transport,
  UsageApi,
} from './transport/transport.ts';
import { Circuit, type CircuitOptions, meterBehind } from './unreachable/circuit.ts';
import { checkJournal } from './unreachable/check-journal.ts';
import { UnfinishedWork } from './unfinished-work.ts';
import { checkUser, meteringOf, type WrapOptions } from './wrap-options.ts';

const loadWork = loading(() => import('./metered-work.ts'));

/** How long `close` waits unless it is told, in milliseconds. */
const CLOSE_MS_MAX = 10_000;
/** Longest wait that `close` can be told. */
const CLOSE_MS_LIMIT = 3_600_000;

/** How a connection behaves when the server is away. */
export interface ConnectOptions {
  /**
   * Keeps the ends of calls until the server has acknowledged them, across the death of this process:
   * `fileJournal({ directory })` of `@bursar/client/journal`. By default what cannot be told is lost, and its
   * reservation expires.
   */
  readonly journal?: Journal;
  /** When calls are not even tried any more, for a moment. */
  readonly circuit?: CircuitOptions;
}

/** What was left when a connection was closed. */
export interface Closed {
  /** Calls that had not ended. */
  readonly callsOpen: number;
  /** Ends of calls that the server has not acknowledged, and that are in the journal for the next process. */
  readonly kept: number;
}

/**
 * A connection to Bursar. `Kind` are the kinds of scopes that calls may name, all by default:
 * `connect<'team' | 'feature'>(…)` makes any other a mistake that the compiler finds.
 */
export interface Bursar<Kind extends string = string> {
  /**
   * Called with a call and some work: meters anything that is no request which `wrap` or `fetch` knows. Its methods
   * are the four commands around a call, for callers that do all by themselves; repeated while Bursar is away.
   */
  readonly meter: MeterApi & MeterWork<Kind>;
  readonly usage: UsageApi;
  readonly limits: LimitsApi;
  /** Users' own keys at a provider, for the side of the product that users register them with. */
  readonly keys: KeysApi;
  /** Budgets, rate limits, plans and grants, for the operator. */
  readonly policies: PoliciesApi;
  /**
   * `client`, metered: of the same class, with the same options. Its clones by `withOptions` are metered too,
   * unless they are given another `fetch`. Wrapping a wrapped client replaces the wrapping. What does not go
   * through `fetch` is not metered by it: for WebSockets there is `wrapRealtime` in `@bursar/client/realtime`.
   */
  wrap<Client extends SdkClient>(client: Client, options: WrapOptions<Kind>): Client;
  /**
   * A metered `fetch` around `base`, for SDKs that take one, such as `createOpenAI({ fetch })`. `api` says whose
   * requests go through it: OpenAI's (and those made like them) unless said.
   */
  fetch(options: WrapOptions<Kind>, base?: typeof fetch, api?: ProviderApi): typeof fetch;
  /** Calls that belong together, charged to the budgets of the session `id` too, and summed up. */
  session(id: string): Session<Kind>;
  /** Resolves once every settlement under way is acknowledged, kept or given up; drained streams included. */
  settled(): Promise<void>;
  /**
   * Refuses new calls, with `connection_closed`, waits at most `waitMsMax` (ten seconds by default) for calls and
   * settlements under way, ends live iterations, lets the journal go and tells what stayed behind. Harmless when repeated.
   */
  close(options?: { readonly waitMsMax?: number }): Promise<Closed>;
}

/** Connects to a server over HTTP, or in this process. `runtime` is for tests. */
export function connect<Kind extends string = string>(
  server: (HttpServer | Embedded | InProcess) & ConnectOptions,
  runtime?: Runtime,
): Bursar<Kind>;
export function connect(
  server: (HttpServer | Embedded | InProcess) & ConnectOptions,
  runtime: Runtime = SYSTEM_RUNTIME,
): Bursar {
  return new Connection(transportTo(server), server, runtime);
}

function transportTo(server: HttpServer | Embedded | InProcess): Transport {
  if ('url' in server) return httpTransport(server);
  return inProcessTransport('bursar' in server ? callersOf(server) : server);
}

class Connection implements Bursar {
  readonly meter: MeterApi & MeterWork;
  readonly usage: UsageApi;
  readonly limits: LimitsApi;
  readonly keys: KeysApi;
  readonly policies: PoliciesApi;
  readonly #transport: Transport;
  readonly #context: MeteringContext;
  readonly #purses = new Set<SessionPurse>();
  #closed: Promise<Closed> | undefined;

  constructor(
    transport: Transport,
    { journal, circuit: limits = {} }: ConnectOptions,
    runtime: Runtime,
  ) {
    this.#transport = transport;
    const circuit = new Circuit(limits, runtime);
    const meter = meterBehind(circuit, transport.meter);
    const retrying = retryingMeter(meter, runtime);
    const meterThis: MeterWork = async (call, work) => {
      const { meterWork } = await loadWork();
      return await meterWork(call, work, this.#context);
    };
    this.meter = Object.assign(meterThis, retrying);
    this.usage = transport.usage;
    this.limits = transport.limits;
    this.keys = transport.keys;
    this.policies = transport.policies;
    this.#context = {
      meter,
      commits: journal?.open({ meter, retrying, circuit, runtime }) ?? unjournaledCommits(retrying),
      keys: transport.keys,
      runtime,
      unfinished: new UnfinishedWork(),
      calls: new UnfinishedWork(),
      drains: new DrainLimit(),
      background: new BackgroundCalls(),
      pacing: pacingOn(runtime),
      isOpen: () => this.#closed === undefined,
    };
  }

  wrap<Client extends SdkClient>(client: Client, options: WrapOptions): Client {
    return withFetch(client, this.fetch(options, fetchOf(client)));
  }

  fetch(
    options: WrapOptions,
    base: typeof fetch = globalThis.fetch,
    api: ProviderApi = OPENAI_API,
  ): typeof fetch {
    const metering = meteringOf(options);
    checkJournal(metering, this.#context);
    return meteredFetch(api, metering, this.#context, base);
  }

  session(id: string): Session {
    return sessionOf(this, checkUser(id, 'session'), {
      runtime: this.#context.runtime,
      purses: this.#purses,
    });
  }

  async settled(): Promise<void> {
    await this.#context.unfinished.finished();
  }

  close({ waitMsMax = CLOSE_MS_MAX } = {}): Promise<Closed> {
    checkInteger('waitMsMax', waitMsMax, 0, CLOSE_MS_LIMIT);
    this.#closed ??= this.#close(waitMsMax);
    return this.#closed;
  }

  async #close(waitMsMax: number): Promise<Closed> {
    const { calls, commits, pacing, runtime } = this.#context;
    pacing.close(connectionClosed());
    for (const purse of this.#purses) this.#context.unfinished.add(purse.close());
    await new Promise<void>((resolve) => {
      const giveUp = runtime.after(waitMsMax, resolve);
      const ended = calls.finished().then(() => this.settled());
      void ended
        .then(() => commits.flush())
        .then(giveUp)
        .then(resolve);
    });
    const callsOpen = calls.count;
    const kept = await commits.close();
    this.#transport.close();
    return { callsOpen, kept };
  }
}
