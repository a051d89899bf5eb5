/** What a user of the published packages writes; installed, compiled and run by tools/check-packages.ts. */
import OpenAI from 'openai';
import { type Bursar, connect, isDenied } from '@bursar/client';
import { createBursar } from '@bursar/server';

const embedded = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: '0' });
const bursar: Bursar = connect({ caller: embedded.caller({ tenant: 'default' }) });
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
await bursar.close();
await embedded.close();
