/** The demo without arguments: three users of one organisation, what they spend, and an audit. */
import { existsSync } from 'node:fs';
import type { StoryPlan } from '../arguments.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { modelPrice, type ModelPrice } from '../money/model-prices.ts';
import { showUsd } from '../money/nano-usd.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { playAbort } from './abort-scene.ts';
import { playAudit } from './audit-scene.ts';
import { BudgetBoard } from './budget-board.ts';
import { CallNotes } from './call-notes.ts';
import { playChat } from './chat-scene.ts';
import { Narrator } from './narrator.ts';
import { playOrg } from './org-scene.ts';
import { playOwnKey } from './own-key-scene.ts';
import { ORG, PEOPLE, type Person, PLAN_OF, PLANS } from './person.ts';
import { creditOf, putPolicies } from './policies.ts';
import { playRefusal } from './refusal-scene.ts';
import { playReport } from './report-scene.ts';
import { clientOf, type Stage } from './stage.ts';

/** In the order in which they are played. The audit follows. */
const SCENES = [playChat, playReport, playOrg, playRefusal, playOwnKey, playAbort];

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
    budgetNames: ['credit', 'own-key'],
    openAiKey,
  });
  const stage = await setStage(installation, { board, narrator, model, price });
  for (const play of SCENES) {
    await play(stage);
    await board.sceneEnds();
  }
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
  const provider =
    openAiKey === undefined
      ? 'a local provider that speaks OpenAI’s API'
      : `OpenAI itself, because OPENAI_API_KEY is set: ${model}, for at most ${showUsd(creditOf('org', price))}, ` +
        'which is what Bursar lets through';
  return `Starting a server with ${store}; the calls go to ${provider}.`;
}

/** Puts the rules in force, and gives everybody a client that is charged by them. */
async function setStage(
  installation: Installation,
  parts: Pick<Stage, 'board' | 'narrator' | 'model' | 'price'>,
): Promise<Stage> {
  const { bursar, nameOf } = installation;
  const { board, narrator, price } = parts;
  await putPolicies(bursar, nameOf, price);
  for (const person of PEOPLE) await board.follow(bursar, person, nameOf(person));
  await board.followOrg(bursar, nameOf(ORG));
  const plans = PLANS.map(
    (plan) =>
      `${PEOPLE.filter((person) => PLAN_OF[person] === plan).join(' and ')} on the plan ${plan} ` +
      `(${showUsd(creditOf(plan, price))} a month)`,
  ).join(', ');
  await narrator.say(
    `Three users of one organisation: ${plans}. Together ${ORG} may spend ${showUsd(creditOf('org', price))}.`,
  );
  const notes = new CallNotes();
  const client = (person: Person) => clientOf({ installation, notes }, person);
  return {
    ...parts,
    installation,
    notes,
    clients: { alice: client('alice'), bob: client('bob'), carol: client('carol') },
  };
}
