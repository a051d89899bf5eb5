/**
 * The provider as a process: `node src/main.ts [--port 0] [--host 127.0.0.1] [--api-key KEY]`.
 * Prints `{"listening":"<base url>"}` when it listens; ends with its parent, or on SIGTERM or SIGINT.
 */
import { parseArgs } from 'node:util';
import { startProvider } from './provider.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'api-key': { type: 'string' },
  },
});
const apiKey = values['api-key'];
const provider = await startProvider({
  port: Number(values.port),
  host: values.host,
  ...(apiKey === undefined ? {} : { apiKey }),
});
process.stdout.write(`${JSON.stringify({ listening: provider.url })}\n`);

async function stop(): Promise<void> {
  await provider.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
process.once('disconnect', () => void stop());
