/** Whatever lies in the table: it is a report that can be executed, or it is said why it is none. */
import {
  type AccountId,
  amount,
  type Fingerprint,
  type Ingest,
  type InstantMs,
  type LeaseId,
  MONTHLY_UTC,
  periodNamed,
  type ReservationId,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { EVENT_LENGTH_MAX, readStoredEvent } from '../../src/set-aside/stored-event.ts';

const report: Ingest = {
  kind: 'ingest',
  reservation: 'acme/019a0000-0000-7000-8000-000000000001' as ReservationId,
  fingerprint: '' as Fingerprint,
  leg: {
    account: 'acme/user:al%2Fice@example.com/credit/2026-11' as AccountId,
    period: periodNamed(MONTHLY_UTC, '2026-11'),
  },
  state: 'reserved',
  lease: 'l1' as LeaseId,
  spent: amount(7),
  open: { amount: amount(9), deadlineAtMs: 5 as InstantMs, dispatched: true },
  atMs: 4 as InstantMs,
  isShown: true,
  terms: { price: { input: '1' } },
  detail: null,
};

/** What is wrong with the report when it also says `changed`. */
function problemWith(changed: object): unknown {
  const read = readStoredEvent(JSON.stringify({ ...report, ...changed }));
  return 'problem' in read ? read.problem : 'nothing';
}

it('a report that was set aside reads back as it was', () => {
  expect(readStoredEvent(JSON.stringify(report))).toEqual({ report });
  const { open: _open, atMs: _atMs, isShown: _isShown, ...least } = report;
  expect(readStoredEvent(JSON.stringify(least))).toEqual({ report: least });
});

describe('it is said why a text is no report:', () => {
  it.each([
    ['', 'It is not JSON.'],
    ['e 1-0 d', 'It is not JSON.'],
    ['null', 'the event: '],
    ['[]', 'the event: '],
    ['"'.padEnd(EVENT_LENGTH_MAX + 1, 'x'), 'It is longer than 262144 characters.'],
    ['[{"a":'.repeat(1_000), 'It is not JSON.'],
  ])('%#', (text, problem) => {
    expect(readStoredEvent(text)).toEqual({ problem: expect.stringContaining(problem) });
  });

  const { leg } = report;
  it.each([
    [{ kind: 'adjust' }, 'kind'],
    [{ surprise: 1 }, 'surprise'],
    [{ reservation: 'acme/1' }, 'reservation'],
    [{ reservation: 'evil/019a0000-0000-7000-8000-000000000001' }, 'names two tenants'],
    [{ state: 'absent' }, 'state'],
    [{ lease: '' }, 'lease'],
    [{ lease: 'l'.repeat(201) }, 'lease'],
    [{ fingerprint: 'f'.repeat(201) }, 'fingerprint'],
    [{ spent: -1 }, 'spent'],
    [{ spent: 0.5 }, 'spent'],
    [{ spent: '7' }, 'spent'],
    [{ spent: 2 ** 53 }, 'spent'],
    [{ atMs: 253_402_300_800_000 }, 'atMs'],
    [{ open: { amount: 1 } }, 'open'],
    [{ isShown: 'yes' }, 'isShown'],
    [{ terms: undefined }, 'terms'],
    [{ detail: undefined }, 'detail'],
    [{ leg: { ...leg, account: 'acme/alice' } }, 'leg.account'],
    [{ leg: { ...leg, account: `acme/user:a b/credit/2026-11` } }, 'leg.account'],
    [{ leg: { ...leg, account: `acme/user:${'a'.repeat(3_000)}/credit/2026-11` } }, 'leg.account'],
    [{ leg: { ...leg, period: { ...leg.period, id: '2026-12' } } }, 'names two periods'],
    [{ leg: { ...leg, period: { ...leg.period, endAtMs: 0 } } }, 'must end after its start'],
  ])('%j', (changed, problem) => {
    expect(problemWith(changed)).toContain(problem);
  });
});

it('JSON of any depth within the bound is carried along, not walked', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const text = JSON.stringify({ ...report, detail: 0 }).replace('"detail":0', `"detail":${deep}`);
  expect(readStoredEvent(text)).toMatchObject({ report: { state: 'reserved' } });
});
