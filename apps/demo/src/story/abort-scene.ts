/** Alice changes her mind: a stream is given up in the middle, and what was sent by then is booked. */
import { showUsd } from '../money/nano-usd.ts';
import { bookedCall, directed, type Stage } from './stage.ts';

const QUESTION = 'Please write me a long poem about double-entry bookkeeping.';
const OUTPUT_TOKENS_MAX = 400;
const OUTPUT_TOKENS = 300;
const TOKEN_MS = 22;
/** After so many tokens she has read enough. */
const TOKENS_READ = 25;

/** Plays the scene. */
export async function playAbort(stage: Stage): Promise<void> {
  const { narrator } = stage;
  await narrator.heading('6 · Alice changes her mind');
  await narrator.say(
    'She leaves in the middle of a stream. No usage report will ever come; the provider bills all the same.',
  );
  narrator.asks('alice', QUESTION);
  const leaving = new AbortController();
  const stream = await stage.clients.alice.chat.completions.create(
    {
      model: stage.model,
      messages: [{ role: 'user', content: QUESTION }],
      max_completion_tokens: OUTPUT_TOKENS_MAX,
      stream: true,
    },
    {
      // Never at full speed: there has to be a middle.
      ...directed(stage, { outputTokens: OUTPUT_TOKENS, tokenMs: TOKEN_MS }, { always: true }),
      signal: leaving.signal,
    },
  );
  let answer = '';
  let tokens = 0;
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content ?? '';
    if (text === '') continue;
    answer += text;
    tokens += 1;
    narrator.answering(answer);
    if (tokens === TOKENS_READ) leaving.abort();
  }
  narrator.answered(`${answer} …`);
  const { heldNanoUsd, settled } = await bookedCall(stage, 'alice');
  narrator.fact(
    `${tokens} tokens had arrived when she left; ${showUsd(heldNanoUsd)} was set aside`,
  );
  const howKnown =
    settled.basis === 'reported'
      ? 'both as reported: the answer was complete before the provider noticed'
      : 'the first counted on the way, the second estimated';
  narrator.fact(
    `booked ${showUsd(settled.nanoUsd)}: ${settled.outputTokens} tokens out, ${settled.inputTokens} in, ` +
      `${howKnown}; the rest is free again`,
  );
}
