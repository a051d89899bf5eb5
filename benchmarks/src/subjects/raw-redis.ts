/**
 * The physical limit of a Redis: a script that only reserves and settles, sent over a bare socket.
 *
 * It keeps one hash a user, with its holds as fields, and one entry of a stream a pair, and nothing that makes
 * it safe: no repeats, no deadlines, no fence, no leases. One call makes the whole pair.
 */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { RedisAddress } from '@bursar/testkit';
import { COST, HOLD, LIMIT } from './pairs.ts';

const SCRIPT = `
local key, id, hold, cost = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local sums = redis.call('HMGET', key, 'used', 'held')
if tonumber(sums[1] or '0') + tonumber(sums[2] or '0') + tonumber(hold) > tonumber(ARGV[4]) then return 0 end
redis.call('HINCRBY', key, 'held', hold)
redis.call('HSET', key, id, hold)
local held = redis.call('HGET', key, id)
redis.call('HDEL', key, id)
redis.call('HINCRBY', key, 'held', '-' .. held)
redis.call('HINCRBY', key, 'used', cost)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', '100000', '*', 'e', id .. ' ' .. cost)
return 1
`;
/** What each `1` of the script, and nothing else, reads as. */
const DONE = ':1';

/** One connection that sends the script as often as it is asked to, many at a time. */
export class RawRedis {
  readonly #socket: Socket;
  readonly #sha = createHash('sha1').update(SCRIPT).digest('hex');
  readonly #waiting: { done: () => void; failed: (error: Error) => void }[] = [];
  /** Lines that answer the greeting: `+OK`, and the length and text of the digest. */
  #greetingLines = 3;
  #out: string[] = [];
  #rest = '';
  #pairs = 0;

  constructor({ port, password }: RedisAddress) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.write(encode(['AUTH', password]) + encode(['SCRIPT', 'LOAD', SCRIPT]));
  }

  /** One pair for `user`. Rejects when Redis answers anything but that it was made. */
  pair(user: string): Promise<void> {
    this.#pairs += 1;
    const id = this.#pairs.toString(36).padStart(8, '0');
    const values = [id, String(HOLD), String(COST), String(LIMIT)];
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.#out.push(
        encode(['EVALSHA', this.#sha, '2', `raw:{0}:${user}`, 'raw:{0}:journal', ...values]),
      );
      if (this.#out.length === 1) setImmediate(() => this.#flush());
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    this.#socket.write(this.#out.join(''));
    this.#out = [];
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\r\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('-')) this.#fail(new Error(`Redis answered ${line}`));
      if (this.#greetingLines > 0) {
        this.#greetingLines -= 1;
        continue;
      }
      const next = this.#waiting.shift();
      if (line === DONE) next?.done();
      else next?.failed(new Error(`Redis answered ${line}`));
    }
  }

  #fail(error: Error): void {
    for (const { failed } of this.#waiting.splice(0)) failed(error);
  }
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
