import { type AccountTerms, type Amount, amount, budgetOf, type InstantMs } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { type Bench, DEFAULT_LIMIT } from './tier-under-test.ts';

/** Terms of version 1 unless it is said otherwise. */
export function termsOf(limit: number | null, over: Partial<AccountTerms> = {}): AccountTerms {
  return {
    limit: limit as Amount | null,
    granted: amount(0),
    isEnforced: true,
    version: 1,
    sinceMs: 0 as InstantMs,
    ...over,
  };
}

export function exerciseTerms(bench: Bench): void {
  describe('terms of the policies', () => {
    it('opens an account on the terms that its first call brings along', async () => {
      const { purse } = bench;
      const onTerms = termsOf(300, { granted: amount(50) });
      expect(await purse.reserve('alice', 351, { onTerms })).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 350, { onTerms })).toMatchObject({ outcome: 'applied' });
      expect(await purse.sums('alice')).toMatchObject({ limit: 300, granted: 50, reserved: 350 });
    });

    it('admits nothing with what calls free that were open when the limit was lowered', async () => {
      const { purse } = bench;
      const open = await purse.open('alice', 160, { onTerms: termsOf(null) });
      const onTerms = termsOf(1, { version: 2 });
      expect(await purse.reserve('alice', 1, { onTerms })).toMatchObject({ outcome: 'denied' });
      await purse.settle(open, 20);
      expect(await purse.reserve('alice', 1, { onTerms })).toMatchObject({ outcome: 'denied' });
    });

    it('admits nothing with what a sweep frees, either', async () => {
      const { purse, clock } = bench;
      const settled = await purse.open('alice', 20, { onTerms: termsOf(null) });
      await purse.settle(settled, 20);
      await purse.open('alice', 160, { ttlMs: 1_000, onTerms: termsOf(null) });
      const onTerms = termsOf(1, { version: 2 });
      expect(await purse.reserve('alice', 1, { onTerms })).toMatchObject({ outcome: 'denied' });
      clock.advance(1_001);
      await purse.tier.sweep(1_000);
      expect(await purse.reserve('alice', 1, { onTerms })).toMatchObject({ outcome: 'denied' });
    });

    it('takes zero for a limit and null for none', async () => {
      const { purse } = bench;
      const none = termsOf(0);
      expect(await purse.reserve('alice', 1, { onTerms: none })).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
      expect(await purse.reserve('alice', 0, { onTerms: none })).toMatchObject({
        outcome: 'applied',
      });
      const all = termsOf(null);
      expect(await purse.reserve('bob', 1_000_000_000_000, { onTerms: all })).toMatchObject({
        outcome: 'applied',
      });
    });

    it('puts an account on newer terms with the next call, and keeps what was spent', async () => {
      const { purse } = bench;
      await purse.settle(await purse.open('alice', 900, { onTerms: termsOf(1_000) }), 900);
      const lower = termsOf(500, { version: 2 });
      expect(await purse.reserve('alice', 1, { onTerms: lower })).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
      const higher = termsOf(1_200, { version: 3 });
      expect(await purse.reserve('alice', 301, { onTerms: higher })).toMatchObject({
        outcome: 'denied',
      });
      expect(await purse.reserve('alice', 300, { onTerms: higher })).toMatchObject({
        outcome: 'applied',
      });
      expect(await purse.sums('alice')).toMatchObject({ limit: 1_200, settled: 900 });
    });

    it('never puts older terms over newer ones, by version and then by date', async () => {
      const { purse } = bench;
      await purse.setTerms('alice', termsOf(400, { version: 2, sinceMs: 5 as InstantMs }));
      for (const older of [
        termsOf(9_000),
        termsOf(9_000, { version: 2, sinceMs: 4 as InstantMs }),
        termsOf(9_000, { version: 2, sinceMs: 5 as InstantMs }),
      ]) {
        expect(await purse.setTerms('alice', older)).toMatchObject({ replayed: true });
        expect(await purse.reserve('alice', 401, { onTerms: older })).toMatchObject({
          outcome: 'denied',
        });
      }
      await purse.setTerms('alice', termsOf(600, { version: 2, sinceMs: 6 as InstantMs }));
      expect(await purse.sums('alice')).toMatchObject({ limit: 600 });
    });

    it('lets a limit of its own win until it is cleared', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', 70);
      const onTerms = termsOf(500);
      expect(await purse.reserve('alice', 71, { onTerms })).toMatchObject({ outcome: 'denied' });
      await purse.open('alice', 70, { onTerms });
      const newer = termsOf(600, { version: 2 });
      expect(await purse.reserve('alice', 1, { onTerms: newer })).toMatchObject({
        outcome: 'denied',
      });
      expect(await purse.clearLimit('alice')).toMatchObject({ outcome: 'applied' });
      expect(await purse.tier.limit(budgetOf(purse.leg('alice').account))).toBeUndefined();
      expect(await purse.reserve('alice', 530, { onTerms: newer })).toMatchObject({
        outcome: 'applied',
      });
      expect(await purse.reserve('alice', 1, { onTerms: newer })).toMatchObject({
        outcome: 'denied',
      });
    });

    it('gives a budget whose own limit is cleared the default where no policies speak', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', 70);
      await purse.clearLimit('alice');
      expect(await purse.clearLimit('alice')).toMatchObject({ replayed: true });
      expect(await purse.sums('alice')).toMatchObject({ limit: DEFAULT_LIMIT });
    });

    it('adds what people granted to what the policies grant, and changes only the latter', async () => {
      const { purse } = bench;
      await purse.setTerms('alice', termsOf(100, { granted: amount(40) }));
      await purse.grant('alice', 'gift', 7);
      await purse.setTerms('alice', termsOf(100, { granted: amount(10), version: 2 }));
      expect(await purse.sums('alice')).toMatchObject({ granted: 17 });
      expect(await purse.reserve('alice', 118)).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 117)).toMatchObject({ outcome: 'applied' });
    });

    it('refuses nothing where the limit is only measured against', async () => {
      const { purse } = bench;
      const onTerms = termsOf(100, { isEnforced: false });
      await purse.settle(await purse.open('alice', 5_000, { onTerms }), 5_000);
      const account = await purse.tier.account(purse.leg('alice').account);
      expect(account).toMatchObject({ limit: null, settled: 5_000, terms: { limit: 100 } });
      const enforced = termsOf(100, { version: 2 });
      expect(await purse.reserve('alice', 1, { onTerms: enforced })).toMatchObject({
        outcome: 'denied',
      });
    });

    it('says in the ledger when the policies changed the limit, and not when they say the same again', async () => {
      const { purse } = bench;
      await purse.open('alice', 1, { onTerms: termsOf(100) });
      await purse.setTerms('alice', termsOf(100, { version: 2 }));
      await purse.setTerms('alice', termsOf(200, { version: 3 }));
      const { account } = purse.leg('alice');
      expect(await purse.tier.entries({ account, limit: 10 })).toMatchObject([
        { kind: 'limit', limit: 200, detail: { by: 'policies', version: 3 } },
      ]);
      expect(await purse.tier.account(account)).toMatchObject({ terms: { version: 3 } });
    });

    it('puts all accounts of a call on their terms, whether it is made or refused', async () => {
      const { purse } = bench;
      const onTerms = termsOf(50);
      await purse.open('alice', 40, { onTerms });
      expect(await purse.reserve(['alice', 'team'], 11, { onTerms })).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ account: purse.leg('alice').account, missing: 1 }],
      });
      expect(await purse.sums('team')).toMatchObject({ limit: 50, reserved: 0 });
      const older = termsOf(9_000, { version: 0 });
      expect(await purse.reserve('team', 51, { onTerms: older })).toMatchObject({
        outcome: 'denied',
      });
      await purse.open(['alice', 'team'], 10, { onTerms });
      expect(await purse.sums('team')).toMatchObject({ limit: 50, reserved: 10 });
    });
  });
}
