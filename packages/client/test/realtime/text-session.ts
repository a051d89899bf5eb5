/** Realtime sessions that answer in text when they are asked to. */
import { openRealtime, type Opening, saying, textOnly } from '../support/live-connection.ts';
import type { World } from '../support/world.ts';

export type Realtime = Awaited<ReturnType<typeof openRealtime>>;

/** A session in `world` whose answers have at most 200 tokens. */
export async function openTextOnly(
  { bursar, provider }: World,
  opening: Partial<Opening> = {},
): Promise<Realtime> {
  const live = await openRealtime({ bursar, providerUrl: provider.url, ...opening });
  live.connection.send(textOnly(200));
  await live.next('session.updated');
  return live;
}

/** Says `words` words and waits for the end of the answer. */
export async function turn({ connection, next }: Realtime, words = 3): Promise<void> {
  connection.send(saying(words));
  connection.send({ type: 'response.create' });
  await next('response.done');
}
