/**
 * Copies in Redis: the driver of the copy store port for many servers.
 *
 * It encodes, batches, sends and reads; the deciding is done by the scripts of `@bursar/lua-scripts`, which
 * differential tests hold to `MemoryCopies`. What it decides itself is whether the data can be trusted:
 * nothing is sent on a connection before `adopt` succeeded on it, and data that went back are noticed.
 */
import {
  type AccountId,
  assert,
  type Clock,
  CopiesFenced,
  type CopyAnswer,
  type CopyCommand,
  type CopyStore,
  type Dataset,
  type InstantMs,
  isBursarError,
  JOURNAL_PAGE_MAX,
  type JournalEvent,
  type JournalPosition,
  LAZY_EXPIRY_MAX,
  type MalformedEvent,
} from '@bursar/core';
import { systemClock } from '../../clock/system-clock.ts';
import { checkRedis, type RedisCheck } from './check-redis.ts';
import { CommandBatcher } from './command-batcher.ts';
import { decodeAnswer, inOrderOf, type Made, type Widen } from './decode-answer.ts';
import { decodePage } from './decode-events.ts';
import { encodeCommand, type EncodedCommand } from './encode-command.ts';
import { KnownReservations } from './known-reservations.ts';
import { type PackedCall, packCall } from './pack-call.ts';
import { PackedReader } from './packed-reader.ts';
import { CopyReader, CopyStandings } from './read-copy.ts';
import type { MoreRedisOptions } from './redis-connection.ts';
import { isOutOfMemory, unavailable } from './redis-failure.ts';
import { bucketAt, DEFAULT_PREFIX, ShardKeys, shardOfTenant } from './redis-keys.ts';
import { type Adopted, RedisHandshake } from './redis-handshake.ts';
import { RedisNodes } from './redis-nodes.ts';
import { ReplyMalformed } from './reply-reader.ts';
import { readBytes, readStatus, runScript, runScriptForBytes } from './run-script.ts';
import { type Floor, SequenceWatch } from './sequence-watch.ts';

/** How often a command is sent again with more keys, or a call because a time bucket has begun. */
const TRIES_MAX = 6;
/** Commands that may wait for one shard. */
const WAITING_MAX = 10_000;
/** Reservations that one call sweeps. */
const SWEEP_STEP = 64;
const PREFIX = /^[A-Za-z0-9_.:-]{1,64}$/;
const COMMAND_TIMEOUT_MS = 1_000;
const SERVERS_CLOCK = -1;
const EMPTY = Buffer.alloc(0);

/** How Redis is reached and used. */
export interface RedisCopiesOptions {
  /**
   * `redis://` or `rediss://`, with the user of the ACL and the password. Of a cluster one server will do, or
   * several with commas between, in case one is away when this one starts.
   */
  readonly url: string;
  /** More of ioredis' options, for example certificates. */
  readonly redis?: MoreRedisOptions | undefined;
  /** Before every key; default `bursar`. */
  readonly prefix?: string | undefined;
  /** How many shards the tenants are spread over, 1 … 1,024. Cannot be changed while leases are open. */
  readonly shards?: number | undefined;
  /** For tests: the time of every script. Otherwise it is the server's. */
  readonly clock?: Clock | undefined;
  /** After this long the outcome of a command counts as unknown; default 1 s. */
  readonly commandTimeoutMs?: number | undefined;
  /** The data are not (any more) those that were adopted: time for another handshake. */
  readonly onLost?: ((reason: string) => void) | undefined;
  /** There is a connection, and nothing has been sent on it. */
  readonly onReady?: (() => void) | undefined;
}

/** A command on its way. */
interface Job extends EncodedCommand {
  readonly answered: (answer: CopyAnswer | Widen) => void;
  readonly failed: (error: unknown) => void;
}

/** Copies in one Redis, or in a cluster of them, in a fixed number of shards. */
export class RedisCopies implements CopyStore {
  readonly name = 'redis';
  readonly shards: number;
  readonly #nodes: RedisNodes;
  readonly #keys: readonly ShardKeys[];
  readonly #batchers: readonly CommandBatcher<Job>[];
  readonly #clock: Clock | undefined;
  readonly #timeoutMs: number;
  readonly #onLost: (reason: string) => void;
  readonly #handshake: RedisHandshake;
  readonly #known = new KnownReservations();
  readonly #watch = new SequenceWatch();
  readonly #standings = new CopyStandings();
  #adopted: Adopted | undefined;
  /** How far Redis' clock is ahead of this machine's. */
  #aheadMs = 0;

  constructor(options: RedisCopiesOptions) {
    const { prefix = DEFAULT_PREFIX, shards = 1, commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
    assert(PREFIX.test(prefix), 'a prefix is 1 to 64 letters, digits, or any of _ . : -');
    assert(
      Number.isInteger(shards) && shards >= 1 && shards <= 1_024,
      'there are 1 to 1,024 shards',
    );
    this.shards = shards;
    this.#clock = options.clock;
    this.#timeoutMs = commandTimeoutMs;
    this.#onLost = options.onLost ?? (() => {});
    this.#keys = Array.from({ length: shards }, (_, shard) => new ShardKeys(prefix, shard));
    this.#batchers = this.#keys.map(
      (keys) => new CommandBatcher<Job>((jobs, landed) => this.#send(keys, jobs, landed)),
    );
    this.#nodes = new RedisNodes({
      urls: options.url,
      redis: options.redis,
      commandTimeoutMs,
      shardKeys: this.#keys.map(({ meta }) => meta),
      onLost: (reason) => this.#unadopt(reason),
      onReady: options.onReady,
    });
    this.#handshake = new RedisHandshake(this.#nodes, this.#keys, commandTimeoutMs);
  }

  execute(command: CopyCommand): Promise<CopyAnswer> {
    if (command.kind === 'sweep' && command.limit > SWEEP_STEP) return this.#sweep(command);
    return new Promise((resolve, reject) => {
      // What this throws rejects. No other promise is made for a command: there are hundreds of thousands.
      const encoded = encodeCommand(command, this.#known.neededBy(command), LAZY_EXPIRY_MAX);
      this.#ask(encoded, 1, resolve, reject);
    });
  }

  async due(shard: number, limit: number): Promise<readonly AccountId[]> {
    const { due } = this.#assertAdopted();
    const keys = this.#keysOf(shard);
    const call = {
      keys: { meta: keys.meta, due: keys.due },
      keyLists: {},
      arguments: { nowMs: this.#givenNow(), limit: String(limit) },
    };
    return this.#fenced(
      runScript(this.#nodes.of(shard), due, call, (reply) => {
        readStatus(reply.text(), undefined);
        return reply.rest() as AccountId[];
      }),
    );
  }

  async journal(
    shard: number,
    after: JournalPosition,
    limit: number,
  ): Promise<readonly (JournalEvent | MalformedEvent)[]> {
    const { read } = this.#assertAdopted();
    const keys = this.#keysOf(shard);
    const call = {
      keys: { meta: keys.meta, journal: keys.journal },
      keyLists: {},
      arguments: { after, limit: String(Math.min(Math.max(limit, 1), JOURNAL_PAGE_MAX)) },
    };
    return this.#fenced(runScriptForBytes(this.#nodes.of(shard), read, call, decodePage));
  }

  async trim(shard: number, upTo: JournalPosition, olderThanMs: number): Promise<void> {
    const { trim } = this.#assertAdopted();
    const keys = this.#keysOf(shard);
    const [upToMs = '0', upToCount = '0'] = upTo.split('-');
    const call = {
      keys: { meta: keys.meta, journal: keys.journal },
      keyLists: {},
      arguments: { nowMs: this.#givenNow(), upToMs, upToCount, olderThanMs: String(olderThanMs) },
    };
    await this.#fenced(
      runScript(this.#nodes.of(shard), trim, call, (reply) => readStatus(reply.text(), undefined)),
    );
  }

  inspect(): Promise<Dataset> {
    return this.#handshake.inspect();
  }

  async adopt(incarnation: number, lineage: string, found = 0): Promise<boolean> {
    assert(Number.isSafeInteger(incarnation) && incarnation > 0, 'incarnations begin with 1');
    // A handshake takes several round trips, and one is made every second. Data that turn out to be the present ones
    // are worked on meanwhile: each script looks for its incarnation itself.
    if (this.#adopted?.incarnation !== incarnation) this.#adopted = undefined;
    try {
      const bucket = bucketAt(this.#nowMs());
      const adopted = await this.#handshake.adopt({ incarnation, lineage, found, bucket });
      if (adopted !== undefined) {
        this.#watch.clear();
        const before = this.#adopted;
        // What was made under the present incarnation is still what it was.
        if (before?.incarnation !== incarnation || before.generation !== adopted.generation)
          this.#known.clear();
      }
      this.#adopted = adopted;
    } catch (error) {
      this.#adopted = undefined;
      throw error;
    }
    return this.#adopted !== undefined;
  }

  /** Whether this Redis may be used as it is set up. Throws `store_unavailable` if there is no connection. */
  async check(): Promise<RedisCheck> {
    await this.#nodes.locate(this.#timeoutMs);
    const checks = await Promise.all(this.#nodes.all.map((node) => checkRedis(node)));
    return {
      problems: checks.flatMap(({ problems }) => problems),
      unchecked: checks.flatMap(({ unchecked }) => unchecked),
    };
  }

  async close(): Promise<void> {
    this.#adopted = undefined;
    this.#nodes.close();
  }

  async #sweep(command: Extract<CopyCommand, { kind: 'sweep' }>): Promise<CopyAnswer> {
    let ended = 0;
    for (;;) {
      const limit = Math.min(SWEEP_STEP, command.limit - ended);
      const answer = await this.execute({ ...command, limit });
      if (answer.answer !== 'swept') return answer;
      ended += answer.ended;
      if (answer.ended < limit || ended === command.limit) return { answer: 'swept', ended };
    }
  }

  /** Asks until all keys are there that the command turns out to need. */
  #ask(
    encoded: EncodedCommand,
    tries: number,
    resolve: (answer: CopyAnswer) => void,
    failed: (error: unknown) => void,
  ): void {
    // Said at once, so that nothing waits that cannot be sent.
    this.#assertAdopted();
    const id = encoded.reservation ?? encoded.accounts[0] ?? '';
    const batcher =
      this.#batchers[
        this.shards === 1 ? 0 : shardOfTenant(id.slice(0, id.indexOf('/')), this.shards)
      ];
    assert(batcher !== undefined, 'every shard has a batcher');
    if (batcher.waiting >= WAITING_MAX) {
      throw unavailable('Too many commands are waiting for Redis.');
    }
    const answered = (answer: CopyAnswer | Widen): void => {
      try {
        if (answer.answer === 'widen') this.#askWider(encoded, answer, tries, resolve, failed);
        else resolve(this.#noted(encoded, answer));
      } catch (error) {
        failed(error);
      }
    };
    batcher.push({ ...encoded, answered, failed });
  }

  #askWider(
    encoded: EncodedCommand,
    { accounts, limiters }: Widen,
    tries: number,
    resolve: (answer: CopyAnswer) => void,
    failed: (error: unknown) => void,
  ): void {
    if (tries === TRIES_MAX) {
      throw unavailable('The reservation changes faster than its accounts can be found out.');
    }
    const wider = {
      ...encoded,
      accounts: [...new Set([...encoded.accounts, ...accounts])],
      limiters: [...new Set([...encoded.limiters, ...limiters])],
    };
    this.#ask(wider, tries + 1, resolve, failed);
  }

  /** The answer as the caller gets it, of which is remembered what the next command needs. */
  #noted({ command, reservation }: EncodedCommand, answer: CopyAnswer): CopyAnswer {
    this.#known.note(reservation, answer);
    if (command.kind !== 'reserve') return answer;
    if (answer.answer !== 'done') return inOrderOf(command.accounts, answer);
    this.#known.noteSlots(command);
    return answer;
  }

  /** What a reservation was made with, of which the answer says only when. As it was known when that was asked. */
  #madeWith({ command, made }: EncodedCommand, createdAtMs: InstantMs): Made | undefined {
    if (command.kind === 'reserve') return command;
    return made?.createdAtMs === createdAtMs ? made : undefined;
  }

  /** Sends one call, and answers each of its commands. */
  async #send(keys: ShardKeys, jobs: readonly Job[], landed: () => void): Promise<void> {
    try {
      await this.#fenced(this.#call(keys, jobs, landed));
    } catch (error) {
      const finishing = jobs.filter(({ allowsOom }) => allowsOom);
      // Without memory Redis refuses the call as a whole; what gives back more than it takes goes again.
      const isSplit = finishing.length < jobs.length && isOutOfMemory(error);
      for (const job of jobs) if (!isSplit || !job.allowsOom) job.failed(error);
      if (isSplit && finishing.length > 0) await this.#send(keys, finishing, landed);
    }
  }

  async #call(keys: ShardKeys, jobs: readonly Job[], landed: () => void): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const { strict, lenient } = this.#assertAdopted();
      const bucket = bucketAt(this.#nowMs());
      const { sha } = jobs.every(({ allowsOom }) => allowsOom) ? lenient : strict;
      const given = this.#clock?.nowMs() ?? SERVERS_CLOCK;
      const call = packCall({ sha, keys, nowMs: given, bucket, commands: jobs });
      const floor = this.#watch.floorOf(call.accounts);
      const connection = this.#nodes.of(keys.shard);
      const isDone = await readBytes(
        connection,
        connection.sendPacked('evalsha', call.bytes),
        ([status = EMPTY, packed = EMPTY]) => {
          if (readStatus(String(status), String(packed)) === 'BUCKET') {
            this.#noteClock(Number(String(packed)));
            return false;
          }
          const answers = this.#answersOf(jobs, call, new PackedReader(packed), floor);
          landed();
          this.#answer(jobs, answers);
          return true;
        },
      );
      if (isDone) return;
    }
    throw unavailable('The clock of Redis jumps.');
  }

  #noteClock(nowMs: number): void {
    if (!Number.isSafeInteger(nowMs)) throw new ReplyMalformed('no clock');
    this.#aheadMs = nowMs - systemClock.nowMs();
  }

  /** The answer to each command, or the reason why there is none. Throws when all of them are in doubt. */
  #answersOf(
    jobs: readonly Job[],
    { accounts, limiters }: PackedCall,
    reply: PackedReader,
    floor: Floor,
  ): readonly (CopyAnswer | Widen | Error)[] {
    const nowMs = reply.instant();
    this.#noteClock(nowMs);
    const position = reply.text(reply.byte());
    const copies = new CopyReader(accounts, this.#standings);
    let wentBack = false;
    const answers = jobs.map((job) => {
      try {
        const answer = decodeAnswer(reply, {
          reservation: job.reservation,
          accounts,
          limiters,
          copies,
          madeWith: (createdAtMs) => this.#madeWith(job, createdAtMs),
          nowMs,
          position,
        });
        if (answer.answer !== 'widen') {
          const isReserve = job.command.kind === 'reserve';
          wentBack = this.#watch.wentBack(answer, floor, isReserve) || wentBack;
        }
        return answer;
      } catch (error) {
        // An answer that does not read back spoils the call; anything else concerns its command alone.
        if (error instanceof CopiesFenced || isBursarError(error)) return error;
        throw error;
      }
    });
    reply.end();
    if (wentBack) throw new CopiesFenced('the data of Redis went back in time');
    return answers;
  }

  #answer(jobs: readonly Job[], answers: readonly (CopyAnswer | Widen | Error)[]): void {
    answers.forEach((answer, index) => {
      if (!(answer instanceof Error)) return jobs[index]?.answered(answer);
      if (answer instanceof CopiesFenced) this.#unadopt(answer.message);
      return jobs[index]?.failed(answer);
    });
  }

  /** What `CopiesFenced` means for everybody else. */
  async #fenced<T>(running: Promise<T>): Promise<T> {
    const { generation } = this.#nodes;
    try {
      return await running;
    } catch (error) {
      const isStillThere = this.#adopted?.generation === generation;
      if (error instanceof CopiesFenced && isStillThere) this.#unadopt(error.message);
      throw error;
    }
  }

  #unadopt(reason: string): void {
    const wasAdopted = this.#adopted !== undefined;
    this.#adopted = undefined;
    if (wasAdopted) this.#onLost(reason);
  }

  #assertAdopted(): Adopted {
    const adopted = this.#adopted;
    if (!this.#nodes.isReady) throw unavailable('Redis is not connected.');
    if (adopted === undefined || adopted.generation !== this.#nodes.generation) {
      throw new CopiesFenced('no handshake has been made on this connection');
    }
    return adopted;
  }

  #keysOf(shard: number): ShardKeys {
    const keys = this.#keys[shard];
    assert(keys !== undefined, 'shards are numbered from 0');
    return keys;
  }

  /** The store's present, as far as it is known here. */
  #nowMs(): InstantMs {
    return this.#clock?.nowMs() ?? ((systemClock.nowMs() + this.#aheadMs) as InstantMs);
  }

  #givenNow(): string {
    return this.#clock === undefined ? '' : String(this.#clock.nowMs());
  }
}
