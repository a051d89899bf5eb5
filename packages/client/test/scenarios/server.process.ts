/** A Bursar server as a process of its own on the hybrid, with times that the test chooses. */
import { createBursar, type StoreLocation } from '@bursar/server';

/** What it is told, in its first message. */
export interface ServerOptions {
  readonly store: StoreLocation;
  readonly token: string;
  readonly limitUsd: string;
  /** A free one unless it is said. */
  readonly port?: number;
}

/** What it answers when it listens. */
export interface Listening {
  readonly listening: string;
}

process.once('message', ({ store, token, limitUsd, port = 0 }: ServerOptions) => {
  void (async () => {
    const bursar = await createBursar({
      store,
      defaultLimitUsd: limitUsd,
      bootstrapToken: token,
    });
    process.once('disconnect', () => void bursar.close().then(() => process.exit(0)));
    process.send?.({ listening: await bursar.listen({ port }) } satisfies Listening);
  })().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
