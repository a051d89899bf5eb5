/** The audit of the whole database: every balance recomputed from the ledger, as `bursar audit` does. */
import { createHash } from 'node:crypto';
import type { AuditReport } from '@bursar/server';

/** Audits the books in `dataDirectory`, or in `databaseUrl`. An embedded database must have no server. */
export async function auditDatabase(
  dataDirectory: string,
  databaseUrl: string | undefined,
): Promise<AuditReport> {
  // Only now: a server is a lot to load for a client that may never need it.
  const { createBursar } = await import('@bursar/server');
  const bursar = await createBursar({
    store:
      databaseUrl === undefined
        ? { kind: 'pglite', directory: dataDirectory }
        : { kind: 'postgres', url: databaseUrl },
  });
  try {
    const report = await bursar.audit?.();
    if (report === undefined) throw new Error('This database keeps no ledger to audit.');
    return report;
  } finally {
    await bursar.close();
  }
}

/** Tells databases apart without telling anything about them. */
export function databaseName(databaseUrl: string | undefined): string {
  if (databaseUrl === undefined) return 'embedded';
  const { host, pathname } = new URL(databaseUrl);
  return `postgres-${createHash('sha256').update(`${host}${pathname}`).digest('hex').slice(0, 16)}`;
}
