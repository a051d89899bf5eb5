/** Carol wants more than her organisation has left: everybody's calls are charged to its budget, too. */
import type { Bursar } from '@bursar/client';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { ORG } from './person.ts';
import type { Stage } from './stage.ts';
import { refusalOf, tellExhausted } from './tell-denial.ts';

/** Plays the scene. Throws when the call is not refused. */
export async function playOrg(stage: Stage): Promise<void> {
  const { narrator, clients, model, installation } = stage;
  const { usage } = installation.bursar;
  await narrator.heading('3 · Carol meets the budget of her organisation');
  await narrator.say(
    'Each call is charged to its user and to acme. It is refused when either of the two lacks room.',
  );
  const hersUsd = await leftOf(usage, { user: installation.nameOf('carol') });
  const acmesUsd = await leftOf(usage, { scope: { kind: 'org', name: installation.nameOf(ORG) } });
  const outputTokensMax = tokensFor((hersUsd + acmesUsd) / 2n, stage);
  narrator.asks('carol', `Now write the whole book, in at most ${outputTokensMax} tokens.`);
  const denied = await refusalOf(
    clients.carol.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Write the whole book.' }],
      max_completion_tokens: outputTokensMax,
    }),
  );
  if (denied === undefined) throw new Error('Carol was not refused');
  tellExhausted(stage, denied);
  narrator.fact(`carol has ${showUsd(hersUsd)} of her own left, which would do`);
}

/** What is left of a budget, in nano-USD. */
async function leftOf(
  usage: Bursar['usage'],
  budget: Parameters<Bursar['usage']['current']>[0],
): Promise<bigint> {
  return parseUsd((await usage.current(budget)).availableUsd ?? '0');
}

/** How many output tokens `nanoUsd` buys. */
function tokensFor(nanoUsd: bigint, { price }: Stage): number {
  return Number((nanoUsd * 1_000_000n) / price.outputNanoUsdPerMillion);
}
