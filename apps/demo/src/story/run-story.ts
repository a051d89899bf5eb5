/** The demo without arguments: three users, one report, one refusal, one abort, one audit. */
import { existsSync } from 'node:fs';
import type { StoryPlan } from '../arguments.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { modelPrice, type ModelPrice } from '../money/model-prices.ts';
import { formatUsd, showUsd } from '../money/nano-usd.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { playAbort } from './abort-scene.ts';
import { playAudit } from './audit-scene.ts';
import { BudgetBoard } from './budget-board.ts';
import { CallNotes } from './call-notes.ts';
import { playChat } from './chat-scene.ts';
import { Narrator } from './narrator.ts';
import { creditOf, PEOPLE } from './person.ts';
import { playRefusal } from './refusal-scene.ts';
import { playReport } from './report-scene.ts';
import type { Stage } from './stage.ts';

/** Plays the story. Resolves with whether every nano-dollar is accounted for. */
export async function runStory(plan: StoryPlan, screen: Screen): Promise<boolean> {
  const { dataDirectory } = plan;
  const openAiKey = process.env['OPENAI_API_KEY'] || undefined;
  const model = plan.model ?? (openAiKey === undefined ? 'gpt-4o' : 'gpt-4o-mini');
  const price = modelPrice(model);
  if (price === undefined) throw new Error(`The demo has no price for ${model}`);
  const board = new BudgetBoard(screen);
  const narrator = new Narrator(screen, board);
  screen.line(paint.heading('Bursar keeps the purse of an LLM product.'));
  await narrator.say(openingOf({ dataDirectory, openAiKey, model, price }));
  const installation = await openInstallation({
    dataDirectory,
    people: PEOPLE,
    openAiKey,
  });
  const stage = await setStage(installation, { board, narrator, model, price });
  await playChat(stage);
  await playReport(stage);
  await playRefusal(stage);
  await playAbort(stage);
  await board.close();
  return await playAudit(stage, { screen, dataDirectory });
}

/** What is being started, and whom it may cost what. */
function openingOf(opening: {
  readonly dataDirectory: string;
  readonly openAiKey: string | undefined;
  readonly model: string;
  readonly price: ModelPrice;
}): string {
  const { dataDirectory, openAiKey, model, price } = opening;
  const embedded = existsSync(dataDirectory)
    ? 'an embedded PostgreSQL'
    : 'an embedded PostgreSQL (made now, which takes a few seconds)';
  const store = process.env['DATABASE_URL'] ? 'your PostgreSQL' : embedded;
  const credits = PEOPLE.reduce((sum, person) => sum + creditOf(person, price), 0n);
  const provider =
    openAiKey === undefined
      ? 'a local provider that speaks OpenAI’s API'
      : `OpenAI itself, because OPENAI_API_KEY is set: ${model}, for at most ${showUsd(credits)}, ` +
        'which is what Bursar lets through';
  return `Starting a server with ${store}; the calls go to ${provider}.`;
}

/** Gives everybody a budget, and a client that is charged to it. */
async function setStage(
  installation: Installation,
  parts: Pick<Stage, 'board' | 'narrator' | 'model' | 'price'>,
): Promise<Stage> {
  const { bursar, userOf, clientOf } = installation;
  const { board, narrator, price } = parts;
  const notes = new CallNotes();
  for (const person of PEOPLE) {
    const limitUsd = formatUsd(creditOf(person, price));
    await bursar.limits.set({ user: userOf(person), limitUsd });
    await board.follow(bursar, person, userOf(person));
  }
  const credits = PEOPLE.map((person) => `${person} ${showUsd(creditOf(person, price))}`).join(
    ', ',
  );
  await narrator.say(`Three users, each with a credit for this month: ${credits}.`);
  return {
    ...parts,
    installation,
    notes,
    clients: {
      alice: clientOf('alice', notes.hooksFor('alice')),
      bob: clientOf('bob', notes.hooksFor('bob')),
      carol: clientOf('carol', notes.hooksFor('carol')),
    },
  };
}
