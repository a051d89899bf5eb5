/** `bursar serve`: the server as a process. */
import { readConfig, redactedConfig, unknownVariables } from '../config.ts';
import { createBursar } from '../wiring.ts';
import type { CliCommand } from './command.ts';
import { bursarOptionsOf, logOf } from './from-config.ts';

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
    const bursar = await createBursar(await bursarOptionsOf(config, log));
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
