/** The demo without arguments: three users, one report, one refusal, one abort, one audit. */
import type { StoryPlan } from '../arguments.ts';
import { auditLine } from '../books/audit-line.ts';
import { closeBooks } from '../books/close-books.ts';
import { billOf } from '../books/provider-book.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { modelPrice } from '../money/model-prices.ts';
import { showUsd } from '../money/nano-usd.ts';
import { counted } from '../terminal/count.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { playAbort } from './abort-scene.ts';
import { BudgetBoard } from './budget-board.ts';
import { bookedIn, type CallNote, CallNotes, mispricedIn } from './call-notes.ts';
import { playChat } from './chat-scene.ts';
import { Narrator } from './narrator.ts';
import { creditOf, PEOPLE } from './person.ts';
import { playRefusal } from './refusal-scene.ts';
import { playReport } from './report-scene.ts';
import type { Stage } from './stage.ts';

/** Plays the story. Resolves with whether every nano-dollar is accounted for. */
export async function runStory(plan: StoryPlan, screen: Screen): Promise<boolean> {
  const openAiKey = process.env['OPENAI_API_KEY'] || undefined;
  const model = plan.model ?? (openAiKey === undefined ? 'gpt-4o' : 'gpt-4o-mini');
  screen.line(paint.heading('Bursar keeps the purse of an LLM product.'));
  screen.line(
    openAiKey === undefined
      ? '  Starting a server with embedded PostgreSQL, and a local provider that speaks OpenAI’s API.'
      : `  Starting a server. OPENAI_API_KEY is set: OpenAI is called with ${model}, for less than a cent.`,
  );
  const installation = await openInstallation({
    dataDirectory: plan.dataDirectory,
    people: PEOPLE,
    openAiKey,
    onDirectoryInUse: () => screen.line('  The server of another run still has the books; waiting.'),
  });
  const board = new BudgetBoard(screen);
  const stage = await setStage(installation, { board, screen, model });
  await playChat(stage);
  await playReport(stage);
  await playRefusal(stage);
  await playAbort(stage);
  await stage.narrator.heading('5 · The audit');
  await board.close();

  const notes = stage.notes.of();
  const problems = [...(await compareWithProvider(installation, notes, screen))];
  if (mispricedIn(notes).length > 0) problems.push('some calls cost other than the price list says');
  const books = await closeBooks(installation, { screen, dataDirectory: plan.dataDirectory });
  for (const problem of problems) screen.line(paint.bad(`  ✗ ${problem}`));
  const { audit } = books;
  screen.line(
    `  The whole database, recomputed in SQL: ${counted(audit.accounts, 'account')}, ` +
      `${showUsd(audit.settledNanoUsd)} booked, ${counted(audit.findings, 'contradiction')}.`,
  );
  const isClean = books.isClean && problems.length === 0;
  const differenceNanoUsd = books.run.ledgerNanoUsd - books.run.acknowledgedNanoUsd;
  screen.line(auditLine({ books, isClean, differenceNanoUsd }));
  return isClean;
}

/** Gives everybody a budget, and a client that is charged to it. */
async function setStage(
  installation: Installation,
  { board, screen, model }: { board: BudgetBoard; screen: Screen; model: string },
): Promise<Stage> {
  const price = modelPrice(model);
  if (price === undefined) throw new Error(`The demo has no price for ${model}`);
  const { bursar, userOf, clientOf } = installation;
  const notes = new CallNotes();
  for (const person of PEOPLE) {
    const limitUsd = showUsd(creditOf(person, price)).slice(1);
    await bursar.limits.set({ user: userOf(person), limitUsd });
    await board.follow(bursar, person, userOf(person));
  }
  const narrator = new Narrator(screen, board);
  const credits = PEOPLE.map((person) => `${person} ${showUsd(creditOf(person, price))}`).join(', ');
  await narrator.say(`Three users, each with a credit for this month: ${credits}.`);
  return {
    installation,
    narrator,
    notes,
    clients: {
      alice: clientOf('alice', notes.hooksFor('alice')),
      bob: clientOf('bob', notes.hooksFor('bob')),
      carol: clientOf('carol', notes.hooksFor('carol')),
    },
    model,
    price,
  };
}

/** Holds what was booked against the provider's own book. Says both, and what contradicts. */
async function compareWithProvider(
  { provider }: Installation,
  notes: readonly CallNote[],
  screen: Screen,
): Promise<readonly string[]> {
  if (provider === undefined) return [];
  const { completed, aborted } = billOf(await provider.calls());
  const reported = bookedIn(notes, false);
  screen.line(
    `  The provider’s own book: ${counted(completed.calls, 'finished call')}, ` +
      `${showUsd(completed.nanoUsd)}; Bursar booked ${showUsd(reported)} for them.`,
  );
  screen.line(
    `  The one given up: ${showUsd(aborted.nanoUsd)} by the provider’s book, ` +
      `${showUsd(bookedIn(notes, true))} as counted by the client, who cannot know better.`,
  );
  return completed.nanoUsd === reported ? [] : ['Bursar and the provider disagree'];
}
