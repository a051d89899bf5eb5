/** Holding books against each other: says what each has, and resolves with what contradicts, a sentence each. */
import { type BudgetName, readBookings } from '../books/ledger-bookings.ts';
import { billOf } from '../books/provider-book.ts';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { counted } from '../terminal/count.ts';
import { bookedIn, isReported, paidBy } from './call-notes.ts';
import { ORG } from './person.ts';
import type { Stage } from './stage.ts';

/** What was booked, against the provider's own book, if it shows one: for the service's key and for others. */
export async function compareWithProvider(stage: Stage): Promise<readonly string[]> {
  const { narrator, notes, installation } = stage;
  const { provider, keyHint } = installation;
  if (provider === undefined) return [];
  const calls = await provider.calls();
  const onService = billOf(calls.filter((call) => call.keyHint === keyHint));
  const onOwnKeys = billOf(calls.filter((call) => call.keyHint !== keyHint));
  const service = paidBy('service', notes.of());
  const reported = service.filter(isReported);
  const counts = service.filter((note) => !isReported(note));
  const own = paidBy('own_key', notes.of());
  await narrator.say(
    `The provider’s own book has ${counted(onService.completed.calls, 'finished call')} by the service’s key at ` +
      `${showUsd(onService.completed.nanoUsd)}, and ${onOwnKeys.completed.calls} by Bob’s key at ` +
      `${showUsd(onOwnKeys.completed.nanoUsd)}. Bursar booked ${showUsd(bookedIn(reported))} and ` +
      `${showUsd(bookedIn(own))} for them.`,
  );
  await narrator.say(
    `The one given up is ${showUsd(onService.aborted.nanoUsd)} in that book and ${showUsd(bookedIn(counts))} ` +
      'in Bursar’s: the words that arrived were counted, the prompt was estimated, and no report came.',
  );
  const agrees =
    onService.completed.nanoUsd === bookedIn(reported) &&
    onService.completed.calls === reported.length &&
    onOwnKeys.completed.nanoUsd === bookedIn(own) &&
    onOwnKeys.completed.calls === own.length;
  return agrees ? [] : ['Bursar and the provider disagree about the finished calls'];
}

/** What each source paid, against what the ledger has for the organisation and for Bob's own key. */
export async function compareSources({
  narrator,
  notes,
  installation,
}: Stage): Promise<readonly string[]> {
  const { bursar, nameOf } = installation;
  const service = bookedIn(paidBy('service', notes.of()));
  const own = bookedIn(paidBy('own_key', notes.of()));
  const acme = await ledgerOf(installation, { scope: { kind: 'org', name: nameOf(ORG) } });
  const bobs = await ledgerOf(installation, { user: nameOf('bob'), budget: 'own-key' });
  await narrator.say(
    `The service paid ${showUsd(service)} and Bob’s key ${showUsd(own)}, together ${showUsd(service + own)}. ` +
      `The ledger has ${showUsd(acme)} for ${ORG} and ${showUsd(bobs)} for the key.`,
  );
  const { reservedUsd } = await bursar.usage.current({ scope: { kind: 'org', name: nameOf(ORG) } });
  return [
    ...(acme === service ? [] : [`The ledger of ${ORG} is not what the service paid`]),
    ...(bobs === own ? [] : ['The ledger of Bob’s key is not what it paid']),
    ...(parseUsd(reservedUsd) === 0n ? [] : [`${ORG} still has money set aside`]),
  ];
}

/** What the ledger has for a budget of this run, in nano-USD. */
async function ledgerOf(
  { bursar, openedAtMs: sinceMs }: Stage['installation'],
  budget: BudgetName,
): Promise<bigint> {
  const run = { budgets: [budget], sinceMs, untilMs: Date.now() };
  const bookings = await readBookings(bursar.usage, run);
  return [...bookings.values()].reduce((sum, { nanoUsd }) => sum + nanoUsd, 0n);
}
