/** Writes commands as `run-commands.lua` reads them. What could be wrong with them was found out before. */
import { type AccountId, assert, LEGS_MAX, type LimiterId } from '@bursar/core';
import { type EncodedCommand, inOrder, ratesOf } from './encode-command.ts';
import { packElsewhere } from './pack-elsewhere.ts';
import { packLease } from './pack-lease.ts';
import type { PackedWriter } from './packed-writer.ts';

/** The place of each account of a call, and of each limiter, among its keys, from 1. */
export interface Places {
  readonly accounts: ReadonlyMap<AccountId, number>;
  readonly limiters: ReadonlyMap<LimiterId, number>;
}

/** What stands for no amount in an extension. */
const AS_IT_IS = -1;
/** Words of what is taken from a limiter. */
const HIT_WORDS = 6;

/** Packs `encoded` as the script reads it: the number of its words, its kind, and these. */
export function writeCommand(
  writer: PackedWriter,
  { command, text, made, accounts, policies }: EncodedCommand,
  places: Places,
): void {
  const createdAtMs = made?.createdAtMs ?? 0;
  const rates = ratesOf(command);
  const begin = (words: number): void => {
    writer.number(words + HIT_WORDS * rates.length);
    writer.ascii(command.kind);
  };
  const place = (account: AccountId): void => {
    const number = places.accounts.get(account);
    assert(number !== undefined, 'every account of a command has a key');
    writer.number(number);
  };
  /** Where its reservation probably is. */
  const likely = accounts.length > LEGS_MAX ? accounts.slice(0, LEGS_MAX) : accounts;
  const placeLikely = (): void => {
    writer.number(likely.length);
    for (const account of likely) place(account);
  };
  switch (command.kind) {
    case 'reserve':
      begin(5 + command.accounts.length);
      writer.reservation(command.reservation);
      writer.number(command.amount);
      writer.number(command.ttlMs);
      writer.text(text);
      writer.number(command.accounts.length);
      for (const account of inOrder(command.accounts)) place(account);
      break;
    case 'extend':
      begin(6 + likely.length);
      writer.reservation(command.reservation);
      writer.number(createdAtMs);
      writer.number(command.amount ?? AS_IT_IS);
      writer.number(command.ttlMs);
      writer.flag(command.dispatched);
      placeLikely();
      break;
    case 'settle':
      begin(6 + likely.length);
      writer.reservation(command.reservation);
      writer.number(createdAtMs);
      writer.number(command.cost);
      writer.flag(command.final);
      writer.text(text);
      placeLikely();
      break;
    case 'release':
      begin(3);
      writer.reservation(command.reservation);
      writer.number(createdAtMs);
      writer.text(text);
      break;
    case 'expire':
    case 'find':
      begin(1);
      writer.reservation(command.reservation);
      break;
    case 'sweep':
      begin(2);
      place(command.account);
      writer.number(command.limit);
      break;
    case 'prepare':
      begin(2);
      place(command.account);
      writer.number(command.above);
      break;
    case 'install':
      begin(8);
      place(command.account);
      writer.number(command.ticket);
      writer.bytes(packLease(command.lease));
      writer.number(command.startAtMs);
      writer.number(command.endAtMs);
      writer.number(command.drawn);
      writer.number(command.sequence);
      writer.bytes(packElsewhere(command.elsewhere));
      break;
    case 'apply':
      begin(4);
      place(command.account);
      writer.bytes(packLease(command.lease));
      writer.number(command.drawn);
      writer.bytes(packElsewhere(command.elsewhere));
      break;
    case 'recall':
      begin(3);
      place(command.account);
      writer.bytes(packLease(command.lease));
      writer.flag(command.retire);
      break;
    case 'correct':
      begin(1 + 5 * command.corrections.length);
      writer.reservation(command.reservation);
      for (const correction of command.corrections) {
        place(correction.account);
        writer.bytes(packLease(correction.lease));
        writer.ascii(correction.state.charAt(0));
        writer.number(correction.spent);
        writer.number(correction.shown);
      }
      break;
    case 'read':
      begin(1);
      place(command.account);
      break;
  }
  for (const [index, { limiter, permits }] of rates.entries()) {
    const [number, policy] = [places.limiters.get(limiter), policies[index]];
    assert(number !== undefined && policy !== undefined, 'every limiter of a command has a key');
    writer.number(number);
    writer.ascii(policy.letter);
    for (const word of policy.numbers) writer.number(word);
    writer.number(permits);
  }
}
