/**
 * One of the processes of scenario F01: on each message it fires its share of a burst at once and reports
 * how many were admitted and denied.
 */
import { randomUUID } from 'node:crypto';
import {
  accountId,
  amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  MONTHLY_UTC,
  type Period,
  periodAt,
  reservationId,
  tenantId,
} from '@bursar/core';
import { openDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresTier } from '../../src/stores/postgres/postgres-tier.ts';

/** Where to send the burst: a server, or straight to a database as a server of its own. */
export type BurstTarget =
  | { readonly kind: 'http'; readonly url: string; readonly token: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** From the test: be ready for `target`, then fire `shots` reserves for `user`. */
export type BurstMessage =
  | { readonly prepare: BurstTarget }
  | { readonly fire: { readonly user: string; readonly shots: number } };

/** To the test. */
export type BurstReport =
  | { readonly ready: true }
  | { readonly allowed: number; readonly denied: number; readonly other: readonly string[] };

let reserve: (user: string) => Promise<string>;

process.on('message', (message: BurstMessage) => {
  void ('prepare' in message ? prepare(message.prepare) : fire(message.fire)).then((report) =>
    process.send?.(report satisfies BurstReport),
  );
});
process.on('disconnect', () => process.exit(0));

async function prepare(target: BurstTarget): Promise<BurstReport> {
  reserve = target.kind === 'http' ? overHttp(target) : await onDatabase(target);
  return { ready: true };
}

async function fire({ user, shots }: { user: string; shots: number }): Promise<BurstReport> {
  const answers = await Promise.all(Array.from({ length: shots }, () => reserve(user)));
  return {
    allowed: answers.filter((answer) => answer === 'allowed').length,
    denied: answers.filter((answer) => answer === 'denied').length,
    other: answers.filter((answer) => answer !== 'allowed' && answer !== 'denied'),
  };
}

function overHttp(target: Extract<BurstTarget, { kind: 'http' }>) {
  return async (user: string): Promise<string> => {
    const response = await fetch(`${target.url}/meter.reserve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reservation: randomUUID(), user, model: 'gpt-4o', amountUsd: '0.10' }),
    });
    const text = await response.text();
    const answer = JSON.parse(text) as { result?: { data: { decision: string } } };
    return answer.result?.data.decision ?? text;
  };
}

async function onDatabase(target: Extract<BurstTarget, { kind: 'postgres' }>) {
  const { db } = await openDatabase({ url: target.url });
  const tier = new PostgresTier({ db, defaultLimit: amount(5_000_000_000) });
  const tenant = tenantId('burst');
  return async (user: string): Promise<string> => {
    const period: Period = periodAt(MONTHLY_UTC, await tier.nowMs());
    const answer = await tier.execute({
      kind: 'reserve',
      reservation: reservationId(tenant, randomUUID()),
      fingerprint: 'burst' as Fingerprint,
      legs: [
        { account: accountId(budgetId(tenant, { kind: 'user', name: user }), period), period },
      ],
      amount: amount(100_000_000),
      ttlMs: 60_000 as DurationMs,
      terms: null,
    });
    return answer.outcome === 'applied' ? 'allowed' : answer.outcome;
  };
}
