/** `bursar serve`: the server as a process. */
import { formatUsd } from '@bursar/core';
import { type Config, readConfig, redactedConfig, unknownVariables } from '../config.ts';
import type { Log } from '../telemetry/logger.ts';
import { awayDirectoryIn } from '../defaults.ts';
import { type BursarOptions, createBursar } from '../wiring.ts';
import type { CliCommand } from './command.ts';
import { bursarOptionsOf, logOf } from './from-config.ts';

/** How much longer than a shutdown may take a new server waits for the old one's books. */
const LOCK_GRACE_MS = 5_000;

export const serve: CliCommand = {
  name: 'serve',
  summary:
    'Runs the server until it is asked to stop. Everything is configured by environment variables.',
  options: {},
  async run(_given, terminal) {
    const config = readConfig(terminal.environment);
    const log = logOf(config, terminal);
    for (const name of unknownVariables(terminal.environment)) {
      log.warn({ name }, 'this environment variable is not one that the server reads');
    }
    const bursar = await createBursar(await patientOptionsOf(config, log));
    // Asked for before the server can be found, so that no request to stop goes unheard.
    const stopped = new Promise<void>((resolve) => terminal.onStop(resolve));
    try {
      const url = await bursar.listen({ host: config.host, port: config.port });
      log.info({ url, config: redactedConfig(config) }, `Bursar listens at ${url}`);
      if (config.bootstrapToken === null && (await bursar.tokens.list()).length === 0) {
        log.warn(
          {},
          'there is no token yet, so nobody can sign in; make one with: bursar token create',
        );
      }
      terminal.announce(url);
      await stopped;
      log.info({}, 'asked to stop; finishing what is running');
    } finally {
      await bursar.close();
    }
    log.info({}, 'stopped');
    return 0;
  },
};

/**
 * As configured; embedded books and the journal of an outage may still be with the server before this one, which
 * is finishing. Only servers let calls through: a command that looks at the books leaves the journal alone.
 */
async function patientOptionsOf(config: Config, log: Log): Promise<BursarOptions> {
  const options = await bursarOptionsOf(config, log);
  const lockWaitMs = config.shutdownMs + LOCK_GRACE_MS;
  const { store } = options;
  if (store?.kind === 'pglite') return { ...options, store: { ...store, lockWaitMs } };
  if (config.whenAway === 'refuse' || config.allowance === null) return options;
  const allowanceUsd = formatUsd(config.allowance);
  const directory = awayDirectoryIn(config.dataDirectory);
  return { ...options, whenAway: { allowanceUsd, directory, lockWaitMs } };
}
