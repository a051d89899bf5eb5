/**
 * `bursar serve` as a child process: the real command, with its books in the demo's data directory, on a
 * free port, with a token that only this run knows.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { type ListeningChild, startListeningChild } from './listening-child.ts';

/** Life of a reservation before its call is on its way, in milliseconds: also the longest call. */
export const TENTATIVE_TTL_MS = 20_000;
/** Life of a running call between two heartbeats, in milliseconds. A killed demo's calls end after it. */
export const DISPATCHED_TTL_MS = 15_000;
/** Pause between two sweeps, in milliseconds. */
export const SWEEP_INTERVAL_MS = 500;

/**
 * How long the server may take to end, in milliseconds. A new one waits that long, and some seconds more, for
 * the server of a killed run to leave the data directory.
 */
const SHUTDOWN_MS = 10_000;

/** A running server and the token that it accepts. */
export interface BursarServer extends ListeningChild {
  readonly token: string;
}

/** Starts `bursar serve` with its books in `dataDirectory`. Throws `ChildFailed` when it does not come up. */
export async function startBursarServer(dataDirectory: string): Promise<BursarServer> {
  const token = `demo-${randomBytes(32).toString('base64url')}`;
  return { ...(await serve(dataDirectory, token)), token };
}

function serve(dataDirectory: string, token: string): Promise<ListeningChild> {
  return startListeningChild({
    name: 'bursar serve',
    script: bursarBin(),
    args: ['serve'],
    environment: {
      ...inheritedEnvironment(),
      BURSAR_HOST: '127.0.0.1',
      BURSAR_PORT: '0',
      BURSAR_DATA_DIR: dataDirectory,
      BURSAR_BOOTSTRAP_TOKEN: token,
      // Kept nowhere: a key that a killed run leaves behind can never be opened again.
      BURSAR_OWN_KEY_SECRETS: `demo:${randomBytes(32).toString('base64')}`,
      BURSAR_TENTATIVE_TTL_MS: String(TENTATIVE_TTL_MS),
      BURSAR_DISPATCHED_TTL_MS: String(DISPATCHED_TTL_MS),
      BURSAR_SHUTDOWN_MS: String(SHUTDOWN_MS),
      BURSAR_SWEEP_INTERVAL_MS: String(SWEEP_INTERVAL_MS),
    },
    logFile: join(dataDirectory, 'server.log'),
  });
}

/** Ours, without what would configure the server in another way, and without a key it has no use for. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        name === 'BURSAR_CACHE_DIR' || !(name.startsWith('BURSAR_') || name === 'OPENAI_API_KEY'),
    ),
  );
}

/** The file behind the command `bursar`, as the package names it. */
function bursarBin(): string {
  const manifest = findPackageJSON('@bursar/server', import.meta.url);
  if (manifest === undefined) throw new Error('@bursar/server is not installed; run: pnpm install');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly bin: { bursar: string };
  };
  return join(dirname(manifest), bin.bursar);
}
