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
  LEGS_MAX,
  type LimiterId,
  type MalformedEvent,
  type ReservationId,
  slotsOf,
  takenRates,
} from '@bursar/core';
import {
  adoptIncarnation,
  dueAccounts,
  LAYOUT,
  readJournal,
  runCommands,
  trimJournal,
} from '@bursar/lua-scripts';
import { LRUCache } from 'lru-cache';
import { systemClock } from '../../clock/system-clock.ts';
import { checkRedis, type RedisCheck } from './check-redis.ts';
import { CommandBatcher } from './command-batcher.ts';
import { decodeAnswer, type Made, type Widen } from './decode-answer.ts';
import { decodeEvents } from './decode-events.ts';
import { encodeCommand, type EncodedCommand, type KnownMade } from './encode-command.ts';
import { packCall } from './pack-call.ts';
import { PackedReader } from './packed-reader.ts';
import { CopyReader } from './read-copy.ts';
import type { MoreRedisOptions, RedisConnection } from './redis-connection.ts';
import { isOutOfMemory, unavailable, unknownOutcome } from './redis-failure.ts';
import { bucketAt, DEFAULT_PREFIX, ShardKeys, shardOfTenant } from './redis-keys.ts';
import { RedisNodes } from './redis-nodes.ts';
import { ReplyMalformed } from './reply-reader.ts';
import {
  bindScript,
  loadScript,
  readBytes,
  readStatus,
  runScript,
  runScriptForBytes,
} from './run-script.ts';
import { type Floor, SequenceWatch } from './sequence-watch.ts';
import { joinLineages, lineageOf, parseInfo } from './server-info.ts';

/** Reservations whose accounts are remembered, so that their keys are right at the first try. */
const REMEMBERED_MAX = 50_000;
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
const NOTHING_MORE = { accounts: [], limiters: [], made: undefined };

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

/** The handshake that holds, and the scripts that it loaded. */
interface Adopted {
  readonly incarnation: number;
  readonly generation: number;
  readonly commands: ReturnType<typeof bindCommands>;
  readonly due: ReturnType<typeof bindDue>;
  readonly read: ReturnType<typeof bindRead>;
  readonly trim: ReturnType<typeof bindTrim>;
}

/** A command on its way. */
interface Job extends EncodedCommand {
  readonly answered: (answer: CopyAnswer | Widen) => void;
  readonly failed: (error: unknown) => void;
}

/** An open reservation, as its answers say under this incarnation. */
interface Known extends KnownMade {
  readonly accounts: readonly AccountId[];
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
  readonly #known = new LRUCache<ReservationId, Known>({ max: REMEMBERED_MAX });
  /** The limiters of which a reservation holds slots, if it holds any. */
  readonly #slots = new LRUCache<ReservationId, readonly LimiterId[]>({ max: REMEMBERED_MAX });
  readonly #watch = new SequenceWatch();
  readonly #copies = new CopyReader();
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
      (keys) => new CommandBatcher<Job>((jobs) => this.#send(keys, jobs)),
    );
    this.#nodes = new RedisNodes({
      urls: options.url,
      redis: options.redis,
      commandTimeoutMs,
      shardKeys: this.#keys.map(({ meta }) => meta),
      onLost: (reason) => this.#unadopt(reason),
      onReady: options.onReady,
    });
  }

  execute(command: CopyCommand): Promise<CopyAnswer> {
    if (command.kind === 'sweep' && command.limit > SWEEP_STEP) return this.#sweep(command);
    return new Promise((resolve, reject) => {
      // What this throws rejects. No other promise is made for a command: there are hundreds of thousands.
      const encoded = encodeCommand(command, this.#needs(command), LAZY_EXPIRY_MAX);
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
    return this.#fenced(runScriptForBytes(this.#nodes.of(shard), read, call, readPage));
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

  async inspect(): Promise<Dataset> {
    await this.#nodes.locate(this.#timeoutMs);
    const lineage = await this.#lineage();
    const metas = await Promise.all(this.#keys.map((keys) => this.#meta(keys)));
    const writers = new Set(metas.map(({ writtenBy }) => writtenBy));
    const [writtenBy = null] = writers;
    return {
      lineage,
      // A shard that is lost, or has not been adopted yet, makes the whole dataset another one.
      incarnation: Math.min(...metas.map(({ incarnation }) => incarnation)),
      writtenBy: writers.size === 1 ? writtenBy : null,
    };
  }

  async adopt(incarnation: number, lineage: string, found = 0): Promise<boolean> {
    assert(Number.isSafeInteger(incarnation) && incarnation > 0, 'incarnations begin with 1');
    // A handshake takes several round trips, and one is made every second. Data that turn out to be the present ones
    // are worked on meanwhile: each script looks for its incarnation itself.
    if (this.#adopted?.incarnation !== incarnation) this.#adopted = undefined;
    try {
      this.#adopted = await this.#adopt(incarnation, lineage, found);
    } catch (error) {
      this.#adopted = undefined;
      throw error;
    }
    return this.#adopted !== undefined;
  }

  /** What can be worked with once Redis has this incarnation; `undefined`: it has another. */
  async #adopt(incarnation: number, lineage: string, found: number): Promise<Adopted | undefined> {
    await this.#nodes.locate(this.#timeoutMs);
    const { generation } = this.#nodes;
    if ((await this.#lineage()) !== lineage) {
      throw new CopiesFenced('this is not the Redis that the incarnation was made for');
    }
    const adopt = bindScript(adoptIncarnation, null, true);
    await this.#load(adopt);
    const bucket = bucketAt(this.#nowMs());
    const holds = await Promise.all(
      this.#keys.map((keys) =>
        runScript(
          this.#nodes.of(keys.shard),
          adopt,
          {
            keys: {
              meta: keys.meta,
              open: keys.open,
              done: keys.done(bucket),
              doneBefore: keys.done(bucket - 1),
              due: keys.due,
            },
            keyLists: {},
            arguments: {
              layout: String(LAYOUT),
              incarnation: String(incarnation),
              lineage,
              found: String(found),
            },
          },
          (reply) => reply.flag(),
        ),
      ),
    );
    if (holds.includes(false)) return undefined;
    const adopted: Adopted = {
      incarnation,
      generation,
      commands: bindCommands(incarnation),
      due: bindDue(incarnation),
      read: bindRead(incarnation),
      trim: bindTrim(incarnation),
    };
    const { commands, due, read, trim } = adopted;
    for (const script of [commands.strict, commands.lenient, due, read, trim])
      await this.#load(script);
    if (!this.#nodes.isReady || this.#nodes.generation !== generation) {
      throw new CopiesFenced('the connection was lost during the handshake');
    }
    this.#watch.clear();
    const before = this.#adopted;
    // What was made under the present incarnation is still what it was.
    if (before?.incarnation !== incarnation || before.generation !== generation)
      this.#known.clear();
    return adopted;
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
    this.#remember(reservation, answer);
    if (command.kind !== 'reserve') return answer;
    if (answer.answer !== 'done') return inOrderOf(command.accounts, answer);
    this.#rememberSlots(command);
    return answer;
  }

  /** What a command does not name, and will need the keys of. */
  #needs(command: CopyCommand): Pick<EncodedCommand, 'accounts' | 'limiters' | 'made'> {
    if (!('reservation' in command) || command.kind === 'reserve') return NOTHING_MORE;
    const isNamed = 'accounts' in command && command.accounts !== undefined;
    const known = this.#known.get(command.reservation);
    const limiters = this.#slots.get(command.reservation) ?? [];
    if (known === undefined) return { accounts: [], limiters, made: undefined };
    return {
      accounts: isNamed ? [] : known.accounts,
      limiters,
      made: known,
    };
  }

  #rememberSlots({ reservation, rates }: Extract<CopyCommand, { kind: 'reserve' }>): void {
    if (rates === undefined) return;
    const slots = slotsOf(takenRates({ rates })).map(({ limiter }) => limiter);
    if (slots.length > 0) this.#slots.set(reservation, slots);
  }

  /** Where an open reservation is, and what it was made with, which later answers then leave out. */
  #remember(reservation: ReservationId | null, answer: CopyAnswer): void {
    if (reservation === null || !('found' in answer)) return;
    const { state } = answer.found;
    const { accounts, fingerprint, terms, createdAtMs } = answer.found.reservation;
    if (state !== 'reserved') this.#known.delete(reservation);
    else if (accounts.length > 0) {
      this.#known.set(reservation, { accounts, fingerprint, terms, createdAtMs });
    }
  }

  /** What a reservation was made with, of which the answer says only when. As it was known when that was asked. */
  #madeWith({ command, made }: EncodedCommand, createdAtMs: InstantMs): Made | undefined {
    if (command.kind === 'reserve') return command;
    return made?.createdAtMs === createdAtMs ? made : undefined;
  }

  /** Sends one call, and answers each of its commands. */
  async #send(keys: ShardKeys, jobs: readonly Job[]): Promise<void> {
    try {
      await this.#fenced(this.#call(keys, jobs));
    } catch (error) {
      const finishing = jobs.filter(({ allowsOom }) => allowsOom);
      // Without memory Redis refuses the call as a whole; what gives back more than it takes goes again.
      const isSplit = finishing.length < jobs.length && isOutOfMemory(error);
      for (const job of jobs) if (!isSplit || !job.allowsOom) job.failed(error);
      if (isSplit && finishing.length > 0) await this.#send(keys, finishing);
    }
  }

  async #call(keys: ShardKeys, jobs: readonly Job[]): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const { commands } = this.#assertAdopted();
      const bucket = bucketAt(this.#nowMs());
      const { sha } = jobs.every(({ allowsOom }) => allowsOom) ? commands.lenient : commands.strict;
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
          this.#answer(jobs, call.accounts, new PackedReader(packed), floor);
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

  /** Gives each command its answer, or the reason why there is none. */
  #answer(
    jobs: readonly Job[],
    accounts: readonly AccountId[],
    reply: PackedReader,
    floor: Floor,
  ): void {
    const nowMs = reply.instant();
    this.#noteClock(nowMs);
    const position = reply.text(reply.byte());
    let wentBack = false;
    const answered = jobs.map((job) => {
      try {
        const answer = decodeAnswer(reply, {
          reservation: job.reservation,
          accounts,
          copies: this.#copies,
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
    answered.forEach((answer, index) => {
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

  /** Names the running servers and their histories, and which of them has which shard. */
  async #lineage(): Promise<string> {
    const ofNode = new Map<RedisConnection, string>();
    await Promise.all(
      this.#nodes.all.map(async (node) => {
        const texts = await Promise.all(
          ['server', 'replication'].map((section) => node.send('INFO', [section])),
        );
        const lineage = lineageOf(parseInfo(texts.join('\r\n')));
        if (lineage === undefined) {
          throw unavailable(
            'Redis does not tell run_id and master_replid; allow INFO to its user.',
          );
        }
        ofNode.set(node, lineage);
      }),
    );
    return joinLineages(this.#keys.map(({ shard }) => ofNode.get(this.#nodes.of(shard)) ?? ''));
  }

  async #meta(keys: ShardKeys): Promise<{ incarnation: number; writtenBy: string | null }> {
    const reply = await this.#nodes.of(keys.shard).send('HMGET', [keys.meta, 'inc', 'lineage']);
    const [inc, lineage] = Array.isArray(reply) ? (reply as unknown[]) : [];
    return {
      incarnation: incarnationOf(inc),
      writtenBy: typeof lineage === 'string' ? lineage : null,
    };
  }

  /** Makes every server know a script. */
  async #load(script: { readonly text: string; readonly sha: string }): Promise<void> {
    await Promise.all(
      this.#nodes.all.map(async (node) => {
        try {
          await loadScript(node, script);
        } catch (error) {
          if (error instanceof CopiesFenced || isBursarError(error)) throw error;
          node.drop('a reply made no sense');
          throw unknownOutcome(error);
        }
      }),
    );
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

/** The incarnation of data that are laid out as this driver does it; others count as none. */
function incarnationOf(label: unknown): number {
  const [, layout, number] = /^(\d+)\/(\d+)$/.exec(String(label)) ?? [];
  if (layout === undefined) return 0;
  if (Number(layout) > LAYOUT) {
    throw unavailable(
      'The data in Redis are laid out by a newer Bursar; run that one, or give this one another prefix.',
    );
  }
  const incarnation = Number(number);
  return Number(layout) === LAYOUT && Number.isSafeInteger(incarnation) ? incarnation : 0;
}

/** Events, and what does not read back, of a page of a journal. */
function readPage([status = EMPTY, ...words]: readonly Buffer[]): readonly (
  | JournalEvent
  | MalformedEvent
)[] {
  readStatus(String(status), undefined);
  const events: (JournalEvent | MalformedEvent)[] = [];
  for (let at = 0; at < words.length;) {
    const [position = EMPTY, count = EMPTY] = words.slice(at, at + 2);
    const end = at + 2 + Number(String(count));
    if (!(end > at + 1 && end <= words.length)) throw new ReplyMalformed('no page of a journal');
    events.push(...decodeEvents(String(position), words.slice(at + 2, end)));
    at = end;
  }
  return events;
}

function bindCommands(incarnation: number) {
  return {
    strict: bindScript(runCommands, incarnation, false),
    lenient: bindScript(runCommands, incarnation, true),
  };
}

function bindDue(incarnation: number) {
  return bindScript(dueAccounts, incarnation, true);
}

function bindRead(incarnation: number) {
  return bindScript(readJournal, incarnation, true);
}

function bindTrim(incarnation: number) {
  return bindScript(trimJournal, incarnation, true);
}

/** The answer in the order in which the caller named the accounts; the script was given them sorted. */
function inOrderOf(accounts: readonly AccountId[], answer: CopyAnswer): CopyAnswer {
  const places = new Map(accounts.map((account, index) => [account, index]));
  const place = (account: AccountId) => places.get(account) ?? LEGS_MAX;
  const byPlace = <T extends { readonly account: AccountId }>(items: readonly T[]) =>
    items.toSorted((a, b) => place(a.account) - place(b.account));
  if (answer.answer === 'missing') {
    return { ...answer, accounts: answer.accounts.toSorted((a, b) => place(a) - place(b)) };
  }
  if (answer.answer !== 'short') return answer;
  return { ...answer, shortfalls: byPlace(answer.shortfalls), copies: byPlace(answer.copies) };
}
