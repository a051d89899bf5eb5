/** A call of `run-commands.lua` as bytes of Redis' protocol: keys, and one argument that holds everything. */
import type { AccountId, LimiterId } from '@bursar/core';
import type { EncodedCommand } from './encode-command.ts';
import { PackedWriter } from './packed-writer.ts';
import type { ShardKeys } from './redis-keys.ts';
import { type Places, writeCommand } from './write-command.ts';

/** What a call is made of. */
export interface Call {
  readonly sha: string;
  readonly keys: ShardKeys;
  /** The present, −1 for the server's clock. */
  readonly nowMs: number;
  readonly bucket: number;
  readonly commands: readonly EncodedCommand[];
}

/** A call, and the accounts and limiters of its keys in their order. */
export interface PackedCall {
  readonly bytes: Buffer;
  readonly accounts: readonly AccountId[];
  readonly limiters: readonly LimiterId[];
}

const writer = new PackedWriter();
const END = '\r\n';

/** Packs a call. */
export function packCall({ sha, keys, nowMs, bucket, commands }: Call): PackedCall {
  const places = placesOf(commands);
  const accounts = [...places.accounts.keys()];
  const limiters = [...places.limiters.keys()];
  const names = [
    keys.meta,
    keys.open,
    keys.done(bucket),
    keys.done(bucket - 1),
    keys.due,
    keys.journal,
  ];
  for (const account of accounts) names.push(keys.usage(account));
  for (const limiter of limiters) names.push(keys.rate(limiter));

  writer.reset();
  writer.number(nowMs);
  writer.number(bucket);
  writer.number(limiters.length);
  writer.number(keys.usagePrefix.length);
  writer.number(keys.ratePrefix.length);
  writer.number(commands.length);
  for (const command of commands) writeCommand(writer, command, places);
  const packed = writer.packed();

  let head = `*${4 + names.length}${END}$7${END}EVALSHA${END}$${sha.length}${END}${sha}${END}`;
  head += bulk(String(names.length));
  for (const name of names) head += bulk(name);
  head += `$${packed.length}${END}`;
  const bytes = Buffer.allocUnsafe(head.length + packed.length + END.length);
  bytes.write(head, 0, 'latin1');
  packed.copy(bytes, head.length);
  bytes.write(END, head.length + packed.length, 'latin1');
  return { bytes, accounts, limiters };
}

/** Names of keys are ASCII: what is not is no id, and no prefix either. */
function bulk(text: string): string {
  return `$${text.length}${END}${text}${END}`;
}

function placesOf(commands: readonly EncodedCommand[]): Places {
  const accounts = new Map<AccountId, number>();
  const limiters = new Map<LimiterId, number>();
  for (const command of commands) {
    for (const account of command.accounts) {
      if (!accounts.has(account)) accounts.set(account, accounts.size + 1);
    }
    for (const limiter of command.limiters) {
      if (!limiters.has(limiter)) limiters.set(limiter, limiters.size + 1);
    }
  }
  return { accounts, limiters };
}
