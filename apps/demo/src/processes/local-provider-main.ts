/** The local provider as a child of the demo: announces its address, and ends with its parent. */
import { startProvider } from '@bursar/local-provider';

const provider = await startProvider();
process.once('disconnect', () => void provider.close().then(() => process.exit(0)));
// The terminal sends Ctrl-C to every process; the parent decides when this one is no longer needed.
process.on('SIGINT', () => {});
process.send?.({ listening: provider.url });
