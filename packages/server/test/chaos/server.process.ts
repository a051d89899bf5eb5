/** A server of the campaign: the hybrid as in production, with times short enough to see it recover. */
import { createBursar } from '../../src/index.ts';

/** What a server of the campaign is told. */
export interface ChaosServerOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly token: string;
  readonly limitUsd: string;
}

process.once('message', (options: ChaosServerOptions) => {
  void (async () => {
    const bursar = await createBursar({
      store: {
        kind: 'hybrid',
        databaseUrl: options.databaseUrl,
        redisUrl: options.redisUrl,
        times: {
          quarantineMs: 1_000,
          deadAfterMs: 20_000,
          breakerOpenMs: 1_000,
          returnStageMs: 200,
          redisTimeoutMs: 500,
        },
      },
      defaultLimitUsd: options.limitUsd,
      bootstrapToken: options.token,
      sweepIntervalMs: 200,
      dispatchedTtlMs: 10_000,
    });
    process.send?.({ listening: await bursar.listen() });
  })().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.once('disconnect', () => process.exit(0));
