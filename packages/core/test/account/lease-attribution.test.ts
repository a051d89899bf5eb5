import {
  accountId,
  amount,
  budgetId,
  type InstantMs,
  type LeaseId,
  MONTHLY_UTC,
  openAccount,
  periodAt,
  reservationId,
  tenantId,
  transition,
} from '@bursar/core';
import { expect, it } from 'vitest';

const NOW = Date.UTC(2026, 10, 15) as InstantMs;
const PERIOD = periodAt(MONTHLY_UTC, NOW);
const TENANT = tenantId('acme');

it('a leg and its entries keep the lease of the first report, whatever later ones say', () => {
  const account = openAccount(
    accountId(budgetId(TENANT, { kind: 'user', name: 'alice' }), PERIOD),
    PERIOD,
    amount(100),
  );
  const report = (lease: string, state: 'expired' | 'settled', spent: number) =>
    ({
      kind: 'ingest',
      reservation: reservationId(TENANT, '019a0000-0000-7000-8000-000000000001'),
      state,
      lease: lease as LeaseId,
      spent: amount(spent),
      detail: null,
    }) as const;
  const first = transition({ account }, report('lease-1', 'expired', 40), NOW);
  const second = transition(
    { account: first.account, leg: first.leg },
    report('lease-2', 'settled', 30),
    NOW,
  );
  expect(first.leg?.lease).toBe('lease-1');
  expect(second.leg).toMatchObject({ lease: 'lease-1', state: 'settled', spent: 30 });
  expect(
    [...first.entries, ...second.entries].map(({ lease, amount: change }) => [lease, change]),
  ).toEqual([
    ['lease-1', 40],
    ['lease-1', -10],
  ]);
});
