/**
 * Sends one command to a Redis and decodes its reply: enough of a client to arrange and inspect tests.
 *
 * Each command has a connection of its own, so that what a test sees never depends on what it asked before.
 * Speaks RESP2, which every Redis and Valkey answers by default.
 */
import { connect } from 'node:net';

import { withDeadline } from './with-deadline.ts';

const REPLY_WITHIN_MS = 15_000;

/** An error as Redis words it: `WRONGTYPE …`. Thrown, unless it is one element of an array. */
export class RedisReplyError extends Error {}

/** Integers beyond 2^53 − 1 are bigints. */
export type RedisReply = string | number | bigint | null | RedisReplyError | readonly RedisReply[];

export interface RedisAddress {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly password: string;
}

/**
 * The reply to one command, given within 15 s.
 *
 * @throws RedisReplyError when Redis refuses the command; Error when it cannot be reached, or says nothing.
 */
export async function sendRedisCommand(
  { port, password }: RedisAddress,
  args: readonly string[],
): Promise<RedisReply> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const replies = Promise.withResolvers<RedisReply>();
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    try {
      const login = decode(received, 0);
      if (login === undefined) return;
      if (login.reply instanceof RedisReplyError) throw login.reply;
      const answer = decode(received, login.end);
      if (answer === undefined) return;
      if (answer.reply instanceof RedisReplyError) throw answer.reply;
      replies.resolve(answer.reply);
    } catch (error) {
      replies.reject(error);
    }
  });
  socket.once('error', replies.reject);
  socket.once('close', () =>
    replies.reject(new Error(`Redis closed the connection without a reply to ${args[0]}.`)),
  );
  socket.write(encode(['AUTH', password]) + encode(args));
  try {
    return await withDeadline(
      replies.promise,
      REPLY_WITHIN_MS,
      () => `Redis on port ${port} did not answer ${args[0]} in time.`,
    );
  } finally {
    socket.destroy();
  }
}

function encode(args: readonly string[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join('')}`;
}

/** The reply that starts at `start` and where it ends, or `undefined` while part of it is missing. */
function decode(buffer: Buffer, start: number): { reply: RedisReply; end: number } | undefined {
  const lineEnd = buffer.indexOf('\r\n', start);
  if (lineEnd === -1) return undefined;
  const kind = String.fromCharCode(buffer[start] ?? 0);
  const line = buffer.toString('utf8', start + 1, lineEnd);
  const next = lineEnd + 2;
  switch (kind) {
    case '+':
      return { reply: line, end: next };
    case '-':
      return { reply: new RedisReplyError(line), end: next };
    case ':':
      return { reply: Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line), end: next };
    case '$': {
      if (line === '-1') return { reply: null, end: next };
      const end = next + Number(line);
      if (buffer.length < end + 2) return undefined;
      return { reply: buffer.toString('utf8', next, end), end: end + 2 };
    }
    case '*': {
      if (line === '-1') return { reply: null, end: next };
      const elements: RedisReply[] = [];
      let end = next;
      while (elements.length < Number(line)) {
        const element = decode(buffer, end);
        if (element === undefined) return undefined;
        elements.push(element.reply);
        ({ end } = element);
      }
      return { reply: elements, end };
    }
    default:
      throw new Error(`Redis answered with something that is no reply: ${kind}${line}`);
  }
}
