/**
 * Hears a channel of PostgreSQL (LISTEN), on a connection of its own that is made again when it breaks.
 *
 * What is sent while there is no connection is lost: whoever listens must ask, too. So each new connection
 * counts as something heard.
 */
import { Client } from 'pg';
import type { Timers } from '../../clock/timers.ts';
import type { Log } from '../../telemetry/logger.ts';

/** Pause before a broken connection is made again. */
const AGAIN_MS = 1_000;

/** Calls `heard` for each message on `channel`, until the answer is called. */
export function listenTo(
  channel: string,
  heard: () => void,
  options: { readonly url: string; readonly timers: Timers; readonly log: Log },
): () => Promise<void> {
  const { url, timers, log } = options;
  let isStopped = false;
  let client: Client | undefined;
  let cancel: (() => void) | undefined;
  let connecting = Promise.resolve();

  const again = (lost: Client): void => {
    if (lost !== client || isStopped) return;
    client = undefined;
    void lost.end().catch(() => undefined);
    cancel = timers.after(AGAIN_MS, connect);
  };

  function connect(): void {
    const fresh = new Client({
      connectionString: url,
      application_name: 'bursar-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client = fresh;
    fresh.on('notification', () => heard());
    fresh.on('error', (error) => {
      log.debug({ error }, 'the connection that hears of new policies was lost');
      again(fresh);
    });
    fresh.on('end', () => again(fresh));
    connecting = fresh
      .connect()
      .then(() => fresh.query(`listen ${fresh.escapeIdentifier(channel)}`))
      .then(
        () => heard(),
        (error: unknown) => {
          log.debug({ error }, 'new policies cannot be heard of; they are asked for');
          again(fresh);
        },
      );
  }

  connect();
  return async () => {
    isStopped = true;
    cancel?.();
    await connecting;
    await client?.end().catch(() => undefined);
  };
}
