/**
 * Bob brings a key of his own: it pays for what his credit does not cover, and is booked apart. It does not buy
 * speed: his plan's pace holds whoever pays.
 */
import { randomBytes } from 'node:crypto';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { counted } from '../terminal/count.ts';
import { askBob, QUESTIONS } from './bobs-questions.ts';
import { FREE_PACE } from './policies.ts';
import { bookedCall, clientOf, type Stage } from './stage.ts';
import { refusalOf, tellRateLimited } from './tell-denial.ts';

/** More than enough to be too fast. */
const QUESTIONS_MAX = 20;

/** Plays the scene. Throws when somebody else pays than should. */
export async function playOwnKey(stage: Stage): Promise<void> {
  const { narrator, installation } = stage;
  await narrator.heading('5 · Bob brings a key of his own');
  if (installation.provider === undefined) {
    await narrator.say('Left out: it takes a second key at OpenAI.');
    return;
  }
  const { keys } = installation.bursar;
  const user = installation.nameOf('bob');
  const { hint } = await keys.register({ user, key: `sk-bob-${randomBytes(24).toString('hex')}` });
  await narrator.say(
    `He registers ${hint}, which Bursar keeps encrypted. It pays for what his credit does not cover.`,
  );
  await askWithKey(stage, hint);
  await askTooFast(stage);
  await keys.revoke({ user });
}

/** One whole answer, which the credit does not cover any more. */
async function askWithKey(stage: Stage, hint: string): Promise<void> {
  const { narrator, installation } = stage;
  const { usage } = installation.bursar;
  const user = installation.nameOf('bob');
  const before = await usage.current({ user });
  narrator.asks('bob', QUESTIONS[3]);
  await askBob(stage, clientOf(stage, 'bob', { ownKey: 'vault' }), QUESTIONS[3]);
  const { settled, source } = await bookedCall(stage, 'bob');
  const after = await usage.current({ user });
  const usedHint = (await installation.provider?.calls())?.at(-1)?.keyHint;
  const own = await usage.current({ user, budget: 'own-key' });
  if (source !== 'own_key' || !hint.endsWith(usedHint ?? '?')) {
    throw new Error('The call was not made with the key of Bob');
  }
  if (after.settledUsd !== before.settledUsd || parseUsd(own.settledUsd) !== settled.nanoUsd) {
    throw new Error('What the key of Bob paid was not booked on its own budget alone');
  }
  narrator.fact(
    `the provider’s book shows the key …${usedHint}; booked ${showUsd(settled.nanoUsd)} on his budget "own-key"`,
  );
  narrator.fact(
    `his credit stays at ${showUsd(parseUsd(after.settledUsd))} spent, and acme pays nothing`,
  );
}

/** Again and again, until the plan says stop. */
async function askTooFast(stage: Stage): Promise<void> {
  const { narrator } = stage;
  const perMinute = 60_000 / FREE_PACE.refillEveryMs;
  await narrator.say(
    `He asks on and on. Whoever pays, his plan allows ${FREE_PACE.capacity} calls at once and then ${perMinute} a minute.`,
  );
  const client = clientOf(stage, 'bob', { ownKey: 'vault' });
  for (let answered = 0; answered < QUESTIONS_MAX; answered += 1) {
    const denied = await refusalOf(askBob(stage, client, QUESTIONS[4]));
    if (denied === undefined) continue;
    await stage.installation.bursar.settled();
    narrator.fact(`${counted(answered, 'more answer')} with his key`);
    tellRateLimited(stage, denied);
    return;
  }
  throw new Error('Bob was never too fast');
}
