/** A process for the test of the watchdog: starts a server, reports where it is, and waits to be killed. */
import { startPostgres } from '../../src/servers/postgres-server.ts';

const server = await startPostgres();
process.stdout.write(`${server.url}\n`);
setInterval(() => {}, 1_000);
