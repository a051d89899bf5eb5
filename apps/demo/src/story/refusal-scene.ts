/** Bob runs out: the refusal, everything that it tells, and the same call once more with an answer that fits. */
import { showUsd } from '../money/nano-usd.ts';
import { askBob, QUESTIONS } from './bobs-questions.ts';
import { bookedCall, clientOf, type Stage } from './stage.ts';
import { type Denied, refusalOf, tellExhausted } from './tell-denial.ts';

/** More than enough for the credit to run out. */
const QUESTIONS_MAX = 20;

/** Plays the scene. Throws when the credit does not run out. */
export async function playRefusal(stage: Stage): Promise<void> {
  const { narrator } = stage;
  await narrator.heading('4 · Bob runs out of credit');
  await narrator.say(
    'Bob has little credit. Bursar refuses before the provider is called, not after.',
  );
  for (let turn = 0; turn < QUESTIONS_MAX; turn += 1) {
    const question = QUESTIONS[turn % QUESTIONS.length] ?? '';
    narrator.asks('bob', question);
    const callsBefore = await providerCalls(stage);
    const denied = await refusalOf(askBob(stage, stage.clients.bob, question));
    if (denied !== undefined) {
      tellExhausted(stage, denied);
      await tellUncalled(stage, callsBefore);
      await askClamped(stage, question, denied);
      return;
    }
    const { settled } = await bookedCall(stage, 'bob');
    narrator.fact(`booked ${showUsd(settled.nanoUsd)}`);
  }
  throw new Error('Bob was never refused');
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

/** The same call by a client that would rather have a short answer than none. */
async function askClamped(stage: Stage, question: string, denied: Denied): Promise<void> {
  const { narrator } = stage;
  if (denied.outputTokensThatFit === null) return;
  narrator.fact(`it fits now with at most ${denied.outputTokensThatFit} output tokens`);
  await narrator.say('The same call once more, by a client with clamp: true.');
  const clamping = clientOf(stage, 'bob', { clamp: true });
  const { choices } = await askBob(stage, clamping, question, { isLong: true });
  const { settled, clampedTo } = await bookedCall(stage, 'bob');
  narrator.fact(
    `allowed with at most ${clampedTo} output tokens, ended by "${choices[0]?.finish_reason}", ` +
      `booked ${showUsd(settled.nanoUsd)}`,
  );
}

/** How many calls the provider has seen; it tells only if it is ours. */
async function providerCalls({ installation }: Stage): Promise<number | undefined> {
  return (await installation.provider?.totals())?.arrived;
}
