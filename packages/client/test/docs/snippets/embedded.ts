import { type Bursar, connect } from '@bursar/client';
import { createBursar } from '@bursar/server';

export interface Embedded {
  readonly bursar: Bursar;
  stop(): Promise<void>;
}

// The server in this process. Without `store` its books are a PostgreSQL in .bursar/data.
export async function openBursar(): Promise<Embedded> {
  const server = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: '5.00' });
  const bursar = connect({ bursar: server });
  return {
    bursar,
    stop: async () => {
      // What is under way is settled, and then the books are closed.
      await bursar.close();
      await server.close();
    },
  };
}
