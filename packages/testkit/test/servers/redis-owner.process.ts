/** A process for the test of the watchdog: starts a paused server, reports it, and waits to be killed. */
import { startRedis } from '../../src/servers/redis-server.ts';

const server = await startRedis();
const [, dataDirectory] = (await server.cli('CONFIG', 'GET', 'dir')) as string[];
server.pause();
const { port, password } = server;
process.stdout.write(`${JSON.stringify({ port, password, dataDirectory })}\n`);
setInterval(() => {}, 1_000);
