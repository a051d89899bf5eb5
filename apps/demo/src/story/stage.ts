/** What every scene works with. */
import type { WrapOptions } from '@bursar/client';
import type OpenAI from 'openai';
import type { Installation } from '../installation.ts';
import type { ModelPrice } from '../money/model-prices.ts';
import type { BudgetBoard } from './budget-board.ts';
import { bookedIn, type CallNote, type CallNotes, paidBy } from './call-notes.ts';
import type { Narrator } from './narrator.ts';
import { ORG, type Person } from './person.ts';

/** The stage of a story. */
export interface Stage {
  readonly installation: Installation;
  readonly narrator: Narrator;
  readonly board: BudgetBoard;
  readonly notes: CallNotes;
  /** Each person's OpenAI client, metered. */
  readonly clients: Readonly<Record<Person, OpenAI>>;
  readonly model: string;
  readonly price: ModelPrice;
}

/** A client that is charged to `person` and to the organisation, with `options` besides. */
export function clientOf(
  { installation, notes }: Pick<Stage, 'installation' | 'notes'>,
  person: Person,
  options: Pick<WrapOptions, 'clamp' | 'ownKey'> = {},
): OpenAI {
  return installation.clientOf(person, {
    ...options,
    ...notes.hooksFor(person),
    scopes: { org: installation.nameOf(ORG) },
  });
}

/** A call with what was booked for it. */
export type BookedCall = CallNote & { readonly settled: NonNullable<CallNote['settled']> };

/** The latest call of `person`, once it is booked and the new budget has been pushed to us. */
export async function bookedCall(stage: Stage, person: Person): Promise<BookedCall> {
  const { installation, notes, board } = stage;
  await installation.bursar.settled();
  await board.shows(person, bookedIn(paidBy('service', notes.of(person))));
  const note = notes.latest(person);
  if (note.settled === undefined) throw new Error(`The call of ${person} was not booked`);
  return { ...note, settled: note.settled };
}

/** How the local provider is to answer. OpenAI is asked for nothing of the kind. */
export interface Direction {
  /** Length of the answer. */
  readonly outputTokens: number;
  /** Wait before the answer, in milliseconds. */
  readonly delayMs?: number;
  /** Wait before each further token of a stream, in milliseconds. */
  readonly tokenMs?: number;
}

/** Request options that direct the local provider; pauses only where somebody watches, or if `always`. */
export function directed(
  { installation, narrator }: Stage,
  { outputTokens, delayMs = 0, tokenMs = 0 }: Direction,
  { always = false } = {},
): { readonly headers: Record<string, string> } {
  if (installation.provider === undefined) return { headers: {} };
  const isSlow = always || narrator.isWatched;
  return {
    headers: {
      'x-provider-output-tokens': String(outputTokens),
      ...(isSlow && delayMs > 0 ? { 'x-provider-delay-ms': String(delayMs) } : {}),
      ...(isSlow && tokenMs > 0 ? { 'x-provider-chunk-delay-ms': String(tokenMs) } : {}),
    },
  };
}
