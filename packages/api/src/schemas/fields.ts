/**
 * The fields that several messages share, each with its bounds in one place.
 *
 * Money travels as decimal USD in strings with at most nine decimals, which is exactly nano-USD; instants
 * as ISO 8601 in UTC; tokens as integers.
 */
import {
  CALLER_SCOPES_MAX,
  isBursarError,
  MODEL_LENGTH_MAX,
  nameProblem,
  OTHER_CLASSES,
  type OtherClass,
  parseUsd,
  SERVICE_TIERS,
  UNITS_MAX,
} from '@bursar/core';
import { z } from 'zod';

/** Shortest and longest life of a reservation between heartbeats. */
export const TTL_MS_MIN = 1_000;
export const TTL_MS_MAX = 3_600_000;
/** Most ledger entries on one page of history. */
export const HISTORY_PAGE_MAX = 200;

/** A caller's id of a reservation: a UUID, made by the caller, one for each call to a model. */
export const reservationField = z
  .string()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'must be a UUID in lower case, made by the caller, one for each call to a model',
  );

/** A name: any printable Unicode without outer blanks, at most 256 bytes. */
const newNameField = () =>
  z.string().superRefine((value, context) => {
    const problem = nameProblem(value);
    if (problem !== undefined) {
      context.addIssue({ code: 'custom', message: problem, params: { code: 'id_invalid' } });
    }
  });

/** A user of the product. */
export const userField = newNameField();

/** A model as its provider spells it, e.g. `gpt-4o`, or with the provider's name before it: `groq/…`. */
export const modelField = z
  .string()
  .regex(
    /^[A-Za-z0-9@~][A-Za-z0-9._:/@+-]{0,255}$/,
    `must be a model name of at most ${MODEL_LENGTH_MAX} letters, digits and ._:/@+-`,
  );

/** Whoever sells the call, e.g. `openai`. Needed where several sell the same model at different prices. */
export const providerField = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    'must be a provider of at most 64 lower-case letters, digits and ._-',
  );

/** How soon and how surely the provider serves the call, which may change its price. */
export const serviceTierField = z.enum(SERVICE_TIERS);

/** Decimal USD, e.g. `"5.00"`; exact to the nano-USD. */
export const usdField = z
  .string()
  .max(40)
  .superRefine((value, context) => {
    try {
      parseUsd(value);
    } catch (error) {
      if (!isBursarError(error)) throw error;
      context.addIssue({
        code: 'custom',
        message: 'must be decimal USD in a string, from "0" to "9007199.254740991", like "5.00"',
        params: { code: error.code },
      });
    }
  });

/** Signed decimal USD, e.g. `"-0.50"`. */
export const signedUsdField = z.string().superRefine((value, context) => {
  const { success } = usdField.safeParse(value.replace(/^-/, ''));
  if (success) return;
  context.addIssue({
    code: 'custom',
    message: 'must be decimal USD in a string, with a "-" before it to give back, like "-5.00"',
    params: { code: 'amount_out_of_range' },
  });
});

/** How long a reservation lives without a heartbeat, in milliseconds. */
export const ttlField = z.int().min(TTL_MS_MIN).max(TTL_MS_MAX);

/** A count of tokens. */
export const tokensField = z.int().min(0).max(UNITS_MAX);

/** Most calls of one batch. */
export const BATCH_CALLS_MAX = 100_000;

/** How many calls there are, and the input tokens of the longest, which decide the context tier. */
export const manyCallsField = z.strictObject({
  calls: z.int().min(1).max(BATCH_CALLS_MAX),
  inputTokensMax: tokensField,
});

/** Units that are no tokens, by class, as core's `USAGE_CLASSES` lists them. */
const otherUnitsField = z.strictObject(
  Object.fromEntries(OTHER_CLASSES.map((name) => [name, tokensField.optional()])) as {
    readonly [K in OtherClass]: z.ZodOptional<typeof tokensField>;
  },
);

/** What a call may use at most; without an output bound the model's own is taken. */
export const estimateField = z.strictObject({
  inputTokens: tokensField,
  outputTokensMax: tokensField.optional(),
  /** Answers asked for at once, which share `outputTokensMax`. */
  choices: tokensField.min(1).default(1),
  /** Whether audio goes in or comes out; it can cost many times what text does. */
  audio: z.boolean().optional(),
  /** Whether the provider is asked to cache the prompt for the longer time, which may cost twice the input. */
  longCache: z.boolean().optional(),
  /** The service tier that the call asks for; without one, the standard one. */
  serviceTier: serviceTierField.optional(),
  /**
   * The calls of a batch, whose tokens the others are together; they then need `outputTokensMax`. A batch is one
   * request to rate limits, and takes no tokens from them.
   */
  many: manyCallsField.optional(),
  /**
   * What the call uses of other units, if its model is charged by those: characters, milliseconds of sound, images.
   * Where the price has none of them, they do not count; where it has, tokens that it does not cover do not.
   */
  otherUnits: otherUnitsField.optional(),
});

/** The caller's leave to reserve less output than asked for, when only less fits. */
export const clampField = z.strictObject({
  /** What is of no use to the caller below; 1 by default. */
  outputTokensMin: z.int().min(1).max(UNITS_MAX).default(1),
});

/** A period of the budget, named as its accounts are: `2026-11`, `2026-11-02.week`, `2026-11@Europe.Berlin`. */
export const periodField = z
  .string()
  .regex(
    /^[A-Za-z0-9.@_+%-]{4,120}$/,
    'must be the name of a period, like 2026-11 for a calendar month',
  );

/** Most names in `scopes`: with the user and the model as many as a caller may have. */
export const SCOPE_NAMES_MAX = CALLER_SCOPES_MAX - 2;

const scopeKindField = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 characters of a-z, 0-9 and "-"');

/**
 * What a call is about besides its user and model, by kind: `{ "org": "acme", "team": ["growth", "ops"] }`. The
 * budgets of all of them are charged.
 */
export const scopesField = z
  .record(scopeKindField, z.union([userField, z.array(userField).min(1).max(SCOPE_NAMES_MAX)]))
  .refine(
    (scopes) => Object.values(scopes).flat().length <= SCOPE_NAMES_MAX,
    `must be at most ${SCOPE_NAMES_MAX} names`,
  );
export type ScopesInput = z.output<typeof scopesField>;

/** One scope by its kind and name. */
export const scopeField = z.strictObject({ kind: scopeKindField, name: userField });

/** The name of a budget, as the policies have it. */
export const budgetField = newNameField();
