/** Vercel's edge runtime, in this process. */
import { EdgeVM } from '@edge-runtime/vm';
import { bundled } from './bundle.ts';
import type { Surroundings, TriedOut } from './try-out.ts';

/** In the edge runtime, as a script. */
export async function inEdgeVm(where: Surroundings): Promise<TriedOut> {
  const { text } = await bundled(
    "import { tryOut } from './test/edge/try-out.ts'; globalThis.tryOut = async (where) => JSON.stringify(await tryOut(where));",
  );
  const worker = new EdgeVM();
  // Workers have it, and this one lacks it; live usage needs it.
  worker.evaluate(
    'globalThis.MessageEvent ??= class extends Event { constructor(type, init) { super(type, init); Object.assign(this, { data: init.data, lastEventId: init.lastEventId }); } }',
  );
  worker.evaluate(text);
  return JSON.parse(
    await worker.evaluate<Promise<string>>(`tryOut(${JSON.stringify(where)})`),
  ) as TriedOut;
}
