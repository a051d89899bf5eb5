/** The audit: three books that know nothing of each other (provider, client, ledger) and must agree. */
import { auditLine } from '../books/audit-line.ts';
import { closeBooks } from '../books/close-books.ts';
import { billOf } from '../books/provider-book.ts';
import { showUsd } from '../money/nano-usd.ts';
import { counted } from '../terminal/count.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { bookedIn, isReported, mispricedIn } from './call-notes.ts';
import type { Stage } from './stage.ts';

/** Plays the scene, which ends the installation. Resolves with whether every nano-dollar is accounted for. */
export async function playAudit(
  stage: Stage,
  { screen, dataDirectory }: { readonly screen: Screen; readonly dataDirectory: string },
): Promise<boolean> {
  const { narrator, notes, installation } = stage;
  await narrator.heading('5 · The audit');
  const problems = [...(await compareWithProvider(stage))];
  const mispriced = mispricedIn(notes.of());
  if (mispriced.length > 0) {
    problems.push(`${counted(mispriced.length, 'call')} booked at another price than the list's`);
  }
  const books = await closeBooks(installation, { screen, dataDirectory });
  for (const problem of problems) screen.line(paint.bad(`  ✗ ${problem}`));
  const { audit } = books;
  await narrator.say(
    `The whole database, recomputed in SQL from the ledger: ${counted(audit.accounts, 'account')}, ` +
      `${showUsd(audit.settledNanoUsd)} booked, ${counted(audit.findings, 'contradiction')}.`,
  );
  const isClean = books.isClean && problems.length === 0;
  const differenceNanoUsd = books.run.ledgerNanoUsd - books.run.acknowledgedNanoUsd;
  screen.line(auditLine({ books, isClean, differenceNanoUsd }));
  return isClean;
}

/** Holds what was booked against the provider's own book, if it shows one. Says both, and what contradicts. */
async function compareWithProvider({
  narrator,
  notes,
  installation,
}: Stage): Promise<readonly string[]> {
  const { provider } = installation;
  if (provider === undefined) return [];
  const { completed, aborted } = billOf(await provider.calls());
  const reported = notes.of().filter(isReported);
  const counts = notes.of().filter((note) => !isReported(note));
  await narrator.say(
    `The provider’s own book has ${counted(completed.calls, 'finished call')} at ` +
      `${showUsd(completed.nanoUsd)}. Bursar booked ${showUsd(bookedIn(reported))} for them.`,
  );
  await narrator.say(
    `The one given up is ${showUsd(aborted.nanoUsd)} in that book and ${showUsd(bookedIn(counts))} ` +
      'in Bursar’s: the words that arrived were counted, the prompt was estimated, and no report came.',
  );
  const agrees = completed.nanoUsd === bookedIn(reported) && completed.calls === reported.length;
  return agrees ? [] : ['Bursar and the provider disagree about the finished calls'];
}
