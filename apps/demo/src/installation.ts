/**
 * What a run works with: a provider, a Bursar server, a connection to it, and metered clients of the
 * provider, each process on its own. Everything a product would have, on one machine.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type Bursar, connect, type WrapOptions } from '@bursar/client';
import OpenAI from 'openai';
import { databaseName } from './books/audit-database.ts';
import { RunFile, readLeftRuns, type RunRecord } from './books/run-file.ts';
import {
  type BursarServer,
  DISPATCHED_TTL_MS,
  startBursarServer,
  TENTATIVE_TTL_MS,
} from './processes/bursar-server.ts';
import { type LocalProvider, startLocalProvider } from './processes/local-provider.ts';

/** Pause between the heartbeats of a running call, in milliseconds. */
const HEARTBEAT_MS = 5_000;

/** The service's key at the local provider, which takes any. */
const LOCAL_KEY = 'sk-service-LOCL';

/** How an installation is made. */
export interface InstallationOptions {
  readonly dataDirectory: string;
  /** Names of the run's users; their names in Bursar are made unique to the run. */
  readonly people: readonly string[];
  /** Names of each user's budgets; `credit` alone unless said. */
  readonly budgetNames?: readonly string[];
  /** OpenAI's key, to call OpenAI instead of the local provider. */
  readonly openAiKey?: string | undefined;
}

/** A running installation. */
export interface Installation {
  readonly bursar: Bursar;
  readonly server: BursarServer;
  /** Absent when OpenAI is called. */
  readonly provider: LocalProvider | undefined;
  /** This run and what was acknowledged to it. */
  readonly runFile: RunFile;
  /** Runs before this one that were killed. */
  readonly leftRuns: readonly RunRecord[];
  /** When this run had the books to itself, milliseconds since 1970. */
  readonly openedAtMs: number;
  /** The end of the service's key at the provider, as the provider's book shows keys. */
  readonly keyHint: string;
  /** Name in Bursar of somebody or something: new accounts in each run, so that each run begins alike. */
  nameOf(name: string): string;
  /** The real OpenAI client, charged to `person`. Settlements are noted before hooks in `options` hear of them. */
  clientOf(person: string, options?: Omit<WrapOptions, 'user'>): OpenAI;
  /** Finishes what is under way and ends both children. */
  stop(): Promise<void>;
}

/** Starts everything. Throws `ChildFailed` when a process does not come up. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { dataDirectory, people, budgetNames = ['credit'], openAiKey } = options;
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const run = randomBytes(4).toString('hex');
  const [server, provider] = await Promise.all([
    startBursarServer(dataDirectory),
    openAiKey === undefined ? startLocalProvider(dataDirectory) : undefined,
  ]);
  // Only now: the server has seen that the URL is one.
  const database = databaseName(process.env['DATABASE_URL'] || undefined);
  const leftRuns = readLeftRuns(dataDirectory, database);
  const openedAtMs = Date.now();
  const nameOf = (name: string): string => `${name}-${run}`;
  const runFile = new RunFile(dataDirectory, {
    run,
    startedAtMs: openedAtMs,
    database,
    users: people.map(nameOf),
    budgetNames,
  });
  const bursar = connect({ url: server.url, token: server.token });
  const apiKey = openAiKey ?? LOCAL_KEY;
  const client = new OpenAI({
    apiKey,
    maxRetries: openAiKey === undefined ? 0 : 2,
    ...(provider === undefined ? {} : { baseURL: provider.url }),
  });
  return {
    bursar,
    server,
    provider,
    runFile,
    leftRuns,
    openedAtMs,
    keyHint: apiKey.slice(-4),
    nameOf,
    clientOf: (person, wrapOptions = {}) =>
      bursar.wrap(client, {
        ...wrapOptions,
        user: nameOf(person),
        heartbeatMs: HEARTBEAT_MS,
        ttlMs: DISPATCHED_TTL_MS,
        callMsMax: TENTATIVE_TTL_MS,
        onSettled: (call, settled) => {
          runFile.acknowledge(call.reservation, settled.costUsd);
          wrapOptions.onSettled?.(call, settled);
        },
      }),
    async stop() {
      await bursar.close();
      await Promise.all([server.stop(), provider?.stop()]);
    },
  };
}
