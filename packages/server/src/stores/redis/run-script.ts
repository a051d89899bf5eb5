/**
 * Loads scripts and runs them: encode, EVALSHA, decode. The only file that sees raw replies.
 *
 * The incarnation is the first line of a script's text, so that its digest is another one in every
 * incarnation: a Redis that has restarted or was promoted answers NOSCRIPT (it neither stores nor
 * replicates scripts since version 7). For the same reason nothing here ever falls back to EVAL, or loads a
 * script when it is missing: that would step over the fence. Only a handshake loads scripts.
 */
import { createHash } from 'node:crypto';
import { encodeCall, LAYOUT, type Script, type ScriptCall } from '@bursar/lua-scripts';
import { CopiesFenced, isBursarError } from '@bursar/core';
import type { RedisConnection } from './redis-connection.ts';
import { unavailable, unknownOutcome } from './redis-failure.ts';
import { ReplyMalformed, ReplyReader } from './reply-reader.ts';

/** A script with the lines before it, as Redis gets it. */
export interface BoundScript<K extends string, L extends string, A extends string> {
  readonly script: Script<K, L, A>;
  readonly text: string;
  readonly sha: string;
}

/**
 * `script` for one incarnation, `null` for the one that has no fence. `allowsOom`: it also runs when Redis
 * has no memory left, which is for what gives back more than it takes; the others are refused before they
 * have changed anything.
 */
export function bindScript<K extends string, L extends string, A extends string>(
  script: Script<K, L, A>,
  incarnation: number | null,
  allowsOom: boolean,
): BoundScript<K, L, A> {
  const flags = allowsOom ? ' flags=allow-oom' : '';
  const fence = incarnation === null ? '' : `local INC = '${labelOf(incarnation)}'\n`;
  const text = `#!lua${flags}\n${fence}${script.text}`;
  return { script, text, sha: createHash('sha1').update(text).digest('hex') };
}

/** An incarnation as the data have it: with their layout, so that no other takes them for its own. */
export function labelOf(incarnation: number): string {
  return `${LAYOUT}/${incarnation}`;
}

/** Makes Redis know a script. */
export async function loadScript(
  connection: RedisConnection,
  { text, sha }: Pick<BoundScript<string, string, string>, 'text' | 'sha'>,
): Promise<void> {
  const loaded = await connection.send('SCRIPT', ['LOAD', text]);
  if (loaded !== sha) throw new ReplyMalformed('Redis calls the script something else');
}

/**
 * Runs a script that is loaded, and reads its reply with `read`. A reply that does not read as it should
 * ends the connection: whatever answers there is not what this driver was made for.
 *
 * @throws CopiesFenced, `store_unavailable` (nothing changed) or `store_timeout` (outcome unknown).
 */
export async function runScript<K extends string, L extends string, A extends string, T>(
  connection: RedisConnection,
  { script, sha }: BoundScript<K, L, A>,
  call: ScriptCall<K, L, A>,
  read: (reply: ReplyReader) => T,
): Promise<T> {
  const { keys, values } = encodeCall(script, call);
  try {
    const reply = await connection.send('EVALSHA', [sha, String(keys.length), ...keys, ...values]);
    return read(ReplyReader.of(reply));
  } catch (error) {
    if (error instanceof CopiesFenced || isBursarError(error)) throw error;
    connection.drop('a reply made no sense');
    throw unknownOutcome(error);
  }
}

/** Runs a script whose reply holds bytes. Throws as `runScript` does. */
export function runScriptForBytes<K extends string, L extends string, A extends string, T>(
  connection: RedisConnection,
  { script, sha }: BoundScript<K, L, A>,
  call: ScriptCall<K, L, A>,
  read: (reply: readonly Buffer[]) => T,
): Promise<T> {
  const { keys, values } = encodeCall(script, call);
  const words = [sha, String(keys.length), ...keys, ...values];
  return readBytes(connection, connection.sendForBytes('EVALSHA', words), read);
}

/** Reads a reply that holds bytes; throws as `runScript` does. */
export async function readBytes<T>(
  connection: RedisConnection,
  sending: Promise<unknown>,
  read: (reply: readonly Buffer[]) => T,
): Promise<T> {
  try {
    const reply = await sending;
    if (!Array.isArray(reply) || !reply.every((word) => Buffer.isBuffer(word))) {
      throw new ReplyMalformed('the reply is no list of texts');
    }
    return read(reply);
  } catch (error) {
    if (error instanceof CopiesFenced || isBursarError(error)) throw error;
    connection.drop('a reply made no sense');
    throw unknownOutcome(error);
  }
}

/** Reads the status of a fenced script, and what may come after it. */
export function readStatus(status: string, more: string | undefined): 'OK' | 'BUCKET' {
  switch (status) {
    case 'OK':
    case 'BUCKET':
      return status;
    case 'FENCED':
      throw new CopiesFenced('the data are of another incarnation');
    case 'WRONGTYPE':
      throw wrongType(more ?? '');
    default:
      throw new ReplyMalformed(`no status: ${status.slice(0, 40)}`);
  }
}

/** A key holds something that is not Bursar's. */
export function wrongType(key: string): Error {
  return unavailable(
    `The Redis key ${key.slice(0, 120)} holds something else; give Bursar another prefix, or remove the key.`,
  );
}
