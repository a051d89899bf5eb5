/**
 * From the text of an event that was set aside to the report that it is, if it is one.
 *
 * The text was written by this or another version of Bursar, from what a store said, and lay in a table: it
 * is checked like what comes from outside. A report of one tenant about another's account is none.
 */
import {
  type AccountId,
  AMOUNT_MAX,
  type Amount,
  type Fingerprint,
  type Ingest,
  INSTANT_MAX,
  type InstantMs,
  type Json,
  type LeaseId,
  type ReservationId,
} from '@bursar/core';
import { z } from 'zod';

/** Longest text that is looked at; a report is made from one request and its reservation's terms. */
export const EVENT_LENGTH_MAX = 262_144;
const LEASE_LENGTH_MAX = 200;
const FINGERPRINT_LENGTH_MAX = 200;
/** Four parts of an id, each of its bytes percent-encoded. */
const ACCOUNT_LENGTH_MAX = 3_000;

const TENANT = '[a-z0-9][a-z0-9_-]{0,62}';
const PART = '[A-Za-z0-9_.@%-]+';
const RESERVATION = new RegExp(
  `^${TENANT}/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
);
const ACCOUNT = new RegExp(`^${TENANT}/[a-z][a-z0-9-]*:${PART}/${PART}/${PART}$`);

const amountField = z
  .int()
  .min(0)
  .max(AMOUNT_MAX)
  .transform((value) => value as Amount);
const instantField = z
  .int()
  .min(0)
  .max(INSTANT_MAX)
  .transform((value) => value as InstantMs);
/** What JSON.parse gives is JSON, however deep; only its absence is a problem. */
const jsonField = z
  .unknown()
  .refine((value) => value !== undefined, 'must be there')
  .transform((value) => value as Json);

const REPORT = z
  .strictObject({
    kind: z.literal('ingest'),
    reservation: z
      .string()
      .regex(RESERVATION, 'must be a reservation, tenant/uuid')
      .transform((id) => id as ReservationId),
    fingerprint: z
      .string()
      .max(FINGERPRINT_LENGTH_MAX)
      .transform((text) => text as Fingerprint),
    leg: z.strictObject({
      account: z
        .string()
        .max(ACCOUNT_LENGTH_MAX)
        .regex(ACCOUNT, 'must be an account, tenant/kind:name/budget/period')
        .transform((id) => id as AccountId),
      period: z
        .strictObject({ id: z.string(), startAtMs: instantField, endAtMs: instantField })
        .refine(({ startAtMs, endAtMs }) => startAtMs < endAtMs, 'must end after its start'),
    }),
    state: z.enum(['reserved', 'released', 'expired', 'settled']),
    lease: z
      .string()
      .min(1)
      .max(LEASE_LENGTH_MAX)
      .transform((id) => id as LeaseId),
    spent: amountField,
    open: z
      .strictObject({ amount: amountField, deadlineAtMs: instantField, dispatched: z.boolean() })
      .optional(),
    atMs: instantField.optional(),
    madeAtMs: instantField.optional(),
    isShown: z.boolean().optional(),
    terms: jsonField,
    detail: jsonField,
  })
  .refine(({ leg }) => leg.account.endsWith(`/${leg.period.id}`), 'names two periods')
  .refine(
    ({ reservation, leg }) => tenantOf(reservation) === tenantOf(leg.account),
    'names two tenants',
  );

/** The report that `text` is, or what is wrong with it, in one sentence. */
export function readStoredEvent(
  text: string,
): { readonly report: Ingest } | { readonly problem: string } {
  if (text.length > EVENT_LENGTH_MAX) {
    return { problem: `It is longer than ${EVENT_LENGTH_MAX} characters.` };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'It is not JSON.' };
  }
  const result = REPORT.safeParse(json);
  if (result.success) return { report: result.data };
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') || 'the event';
  return { problem: `It is no report: ${where}: ${issue?.message ?? 'unknown'}.` };
}

function tenantOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}
