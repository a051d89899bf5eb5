/** The audit: three books that know nothing of each other (provider, client, ledger) and must agree. */
import { auditLine } from '../books/audit-line.ts';
import { closeBooks } from '../books/close-books.ts';
import { counted } from '../terminal/count.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { mispricedIn } from './call-notes.ts';
import { compareSources, compareWithProvider } from './compare-books.ts';
import type { Stage } from './stage.ts';

/** Plays the scene, which ends the installation. Resolves with whether every nano-dollar is accounted for. */
export async function playAudit(
  stage: Stage,
  { screen, dataDirectory }: { readonly screen: Screen; readonly dataDirectory: string },
): Promise<boolean> {
  const { narrator, notes, installation } = stage;
  await narrator.heading('7 · The audit');
  const problems = [...(await compareWithProvider(stage)), ...(await compareSources(stage))];
  const mispriced = mispricedIn(notes.of());
  if (mispriced.length > 0) {
    problems.push(`${counted(mispriced.length, 'call')} booked at another price than the list's`);
  }
  const books = await closeBooks(installation, { screen, dataDirectory });
  for (const problem of problems) screen.line(paint.bad(`  ✗ ${problem}`));
  const { audit } = books;
  await narrator.say(
    `The whole database, recomputed in SQL from the ledger: ${counted(audit.accounts, 'account')}, ` +
      `${counted(audit.findings, 'contradiction')}.`,
  );
  const isClean = books.isClean && problems.length === 0;
  const differenceNanoUsd = books.run.ledgerNanoUsd - books.run.acknowledgedNanoUsd;
  screen.line(auditLine({ books, isClean, differenceNanoUsd }));
  return isClean;
}
