/** What a user of the published packages writes; installed, compiled and run by tools/check-packages.ts. */
import Anthropic from '@anthropic-ai/sdk';
import { type Bursar, connect, denialOf, isDenied } from '@bursar/client';
import { bursarMiddleware } from '@bursar/client/ai';
import { wrapAnthropic } from '@bursar/client/anthropic';
import { wrapRealtime } from '@bursar/client/realtime';
import { type CommitJournal, journalOn } from '@bursar/client/commits';
import { fileJournal } from '@bursar/client/journal';
import { createBursar } from '@bursar/server';
import OpenAI from 'openai';

const embedded = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: '0' });
const bursar: Bursar = connect({ bursar: embedded });
const openai: OpenAI = bursar.wrap(new OpenAI({ apiKey: 'unused' }), { user: 'alice' });
try {
  await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'hello' }],
    max_completion_tokens: 5,
  });
  throw new Error('a user without credit was let through');
} catch (error) {
  if (!isDenied(error)) throw error;
  console.log(`refused as it should be: ${error.error.bursar.message}`);
}
const anthropic: Anthropic = wrapAnthropic(bursar, new Anthropic({ apiKey: 'unused' }), {
  user: 'alice',
});
const denial = await anthropic.messages
  .create({
    model: 'claude-sonnet-4-6',
    max_tokens: 5,
    messages: [{ role: 'user', content: 'hello' }],
  })
  .then(() => undefined, denialOf);
if (denial === undefined) throw new Error('a user without credit was let through to Anthropic');
if (bursarMiddleware(bursar, { user: 'alice' }).wrapGenerate === undefined) {
  throw new Error('the middleware of the AI SDK wraps nothing');
}
if (typeof wrapRealtime !== 'function') throw new Error('connections cannot be metered');
const nowhere: CommitJournal = {
  append: async () => {},
  remove: async () => {},
  leftOver: async () => [],
  close: async () => {},
};
for (const journal of [fileJournal({ directory: './journal' }), journalOn(() => nowhere)]) {
  const journaled = connect({ caller: embedded.caller({ tenant: 'default' }), journal });
  journaled.wrap(new OpenAI({ apiKey: 'unused' }), { user: 'alice', whenUnreachable: 'allow' });
  const { kept } = await journaled.close();
  if (kept !== 0) throw new Error('nothing was called, and something is kept');
}
await bursar.close();
await embedded.close();
