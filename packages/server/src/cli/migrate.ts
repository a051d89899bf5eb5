/** `bursar migrate`: the schema, without starting a server. */
import { readConfig } from '../config.ts';
import { systemClock } from '../clock/system-clock.ts';
import { openStore } from '../open-store.ts';
import type { CliCommand } from './command.ts';
import { logOf, storeLocationOf } from './from-config.ts';

export const migrate: CliCommand = {
  name: 'migrate',
  summary: 'Brings the database to the present schema. `bursar serve` does so too when it starts.',
  options: {},
  async run(_given, terminal) {
    const config = readConfig(terminal.environment);
    let applied: readonly string[] = [];
    const store = await openStore({
      location: storeLocationOf(config),
      defaultLimit: config.defaultLimit,
      log: logOf({ ...config, logLevel: 'silent' }, terminal),
      clock: systemClock,
      onMigrated: (names) => (applied = names),
    });
    await store.close();
    terminal.out(
      applied.length === 0
        ? 'The database is up to date.\n'
        : applied.map((name) => `applied ${name}\n`).join(''),
    );
    return 0;
  },
};
