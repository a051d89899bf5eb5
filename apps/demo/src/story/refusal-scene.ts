/** Bob runs out: the refusal, everything that it tells, and what still fits. */
import { denialOf } from '@bursar/client';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { bookedCall, directed, type Stage } from './stage.ts';

const QUESTIONS = [
  'Tell me a story about a miser.',
  'What became of his treasure?',
  'And who found it in the end?',
  'Did the miser ever laugh?',
  'What would he say today?',
];
const OUTPUT_TOKENS_MAX = 100;
const OUTPUT_TOKENS = 70;
const DELAY_MS = 500;
/** More than enough for the credit to run out. */
const QUESTIONS_MAX = 20;

/** Plays the scene. Throws when the credit does not run out. */
export async function playRefusal(stage: Stage): Promise<void> {
  const { narrator } = stage;
  await narrator.heading('3 · Bob runs out of credit');
  await narrator.say(
    'Bob has little credit. Bursar refuses before the provider is called, not after.',
  );
  for (let turn = 0; turn < QUESTIONS_MAX; turn += 1) {
    const question = QUESTIONS[turn % QUESTIONS.length] ?? '';
    narrator.asks('bob', question);
    const callsBefore = await providerCalls(stage);
    try {
      await ask(stage, question, OUTPUT_TOKENS_MAX);
      const { settled } = await bookedCall(stage, 'bob');
      narrator.fact(`booked ${showUsd(settled.nanoUsd)}`);
    } catch (error) {
      const denied = denialOf(error);
      if (denied === undefined) throw error;
      await tellDenial(stage, denied);
      await tellUncalled(stage, callsBefore);
      await askForLess(stage, question, denied.outputTokensThatFit ?? 0);
      return;
    }
  }
  throw new Error('Bob was never refused');
}

async function ask(stage: Stage, question: string, outputTokensMax: number): Promise<void> {
  await stage.clients.bob.chat.completions.create(
    {
      model: stage.model,
      messages: [{ role: 'user', content: question }],
      max_completion_tokens: outputTokensMax,
    },
    directed(stage, { outputTokens: OUTPUT_TOKENS, delayMs: DELAY_MS }),
  );
}

/** The denial is data; these are its fields in a product's own words. */
async function tellDenial(
  { narrator }: Stage,
  denied: NonNullable<ReturnType<typeof denialOf>>,
): Promise<void> {
  const usd = (text: string) => showUsd(parseUsd(text));
  if (denied.reason !== 'budget_exhausted') {
    throw new Error(`Bob was refused, but not for want of credit: ${denied.message}`);
  }
  const { budget } = denied;
  narrator.refusal(`refused: ${denied.reason}, budget "${budget.budget}" of ${budget.period}`);
  narrator.fact(
    `the call may cost ${usd(denied.neededUsd)}; ${usd(budget.availableUsd ?? '0')} of ` +
      `${usd(budget.limitUsd ?? '0')} is left, so ${usd(denied.missingUsd)} is missing`,
  );
  if (denied.fitsAgainAt !== null) {
    narrator.fact(
      `it fits again on ${denied.fitsAgainAt.slice(0, 10)}, when the next month begins`,
    );
  }
  if (denied.outputTokensThatFit !== null) {
    narrator.fact(`it fits now with at most ${denied.outputTokensThatFit} output tokens`);
  }
}

async function tellUncalled(stage: Stage, callsBefore: number | undefined): Promise<void> {
  const callsAfter = await providerCalls(stage);
  if (callsAfter === undefined) return;
  if (callsAfter !== callsBefore)
    throw new Error('The provider was called although the call was refused');
  stage.narrator.fact(
    `the provider has seen ${callsAfter} calls, before and after: this was not one`,
  );
}

/** Takes the denial by its word. */
async function askForLess(stage: Stage, question: string, outputTokensMax: number): Promise<void> {
  if (outputTokensMax < 1) return;
  const { narrator } = stage;
  narrator.asks('bob', `${question} Briefly: at most ${outputTokensMax} tokens.`);
  await ask(stage, question, outputTokensMax);
  const { settled } = await bookedCall(stage, 'bob');
  narrator.fact(`allowed, booked ${showUsd(settled.nanoUsd)}`);
}

/** How many calls the provider has seen; it tells only if it is ours. */
async function providerCalls({ installation }: Stage): Promise<number | undefined> {
  return (await installation.provider?.totals())?.arrived;
}
