/**
 * The handshake with the data in Redis: which they are, whether they may be worked on, and the scripts that only work on
 * them.
 *
 * A lineage names the running servers and their histories: after a restart, a failover or a move of slots it is another
 * one. An incarnation is a number in the data themselves, which every script looks for. Who may use which of them
 * is decided by the gate in front of the copies; here it is found out, and carried out.
 */
import { CopiesFenced, type Dataset, isBursarError } from '@bursar/core';
import {
  adoptIncarnation,
  dueAccounts,
  LAYOUT,
  readJournal,
  runCommands,
  trimJournal,
} from '@bursar/lua-scripts';
import type { RedisConnection } from './redis-connection.ts';
import { unavailable, unknownOutcome } from './redis-failure.ts';
import type { ShardKeys } from './redis-keys.ts';
import type { RedisNodes } from './redis-nodes.ts';
import { bindScript, loadScript, runScript } from './run-script.ts';
import { joinLineages, lineageOf, parseInfo } from './server-info.ts';

/** Data that may be worked on, on the connections of `generation`, by scripts that every server knows. */
export interface Adopted extends ReturnType<typeof scriptsFor> {
  readonly incarnation: number;
  readonly generation: number;
}

/** Data that are to be worked on under `incarnation`. */
export interface Adopting {
  readonly incarnation: number;
  /** As it was inspected. */
  readonly lineage: string;
  /** The incarnation that was found there. */
  readonly found: number;
  /** Of which time the reservations are that have ended. */
  readonly bucket: number;
}

/** Shakes hands with the servers behind `nodes`. */
export class RedisHandshake {
  readonly #nodes: RedisNodes;
  readonly #keys: readonly ShardKeys[];
  readonly #timeoutMs: number;

  constructor(nodes: RedisNodes, keys: readonly ShardKeys[], timeoutMs: number) {
    this.#nodes = nodes;
    this.#keys = keys;
    this.#timeoutMs = timeoutMs;
  }

  /** What data there are. Throws `store_unavailable`, also when a newer version has laid them out. */
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

  /**
   * What can be worked with once Redis has this incarnation; `undefined`: it has another. Throws `CopiesFenced` when these
   * are not the servers that were inspected, or not any more.
   */
  async adopt({ incarnation, lineage, found, bucket }: Adopting): Promise<Adopted | undefined> {
    await this.#nodes.locate(this.#timeoutMs);
    const { generation } = this.#nodes;
    if ((await this.#lineage()) !== lineage) {
      throw new CopiesFenced('this is not the Redis that the incarnation was made for');
    }
    const adopt = bindScript(adoptIncarnation, null, true);
    await this.#load(adopt);
    const named = {
      layout: String(LAYOUT),
      incarnation: String(incarnation),
      lineage,
      found: String(found),
    };
    const holds = await Promise.all(
      this.#keys.map((ofShard) => {
        const { shard, meta, open, due } = ofShard;
        const [done, doneBefore] = [ofShard.done(bucket), ofShard.done(bucket - 1)];
        const call = {
          keys: { meta, open, done, doneBefore, due },
          keyLists: {},
          arguments: named,
        };
        return runScript(this.#nodes.of(shard), adopt, call, (reply) => reply.flag());
      }),
    );
    if (holds.includes(false)) return undefined;
    const scripts = scriptsFor(incarnation);
    const { strict, lenient, due, read, trim } = scripts;
    for (const script of [strict, lenient, due, read, trim]) await this.#load(script);
    if (!this.#nodes.isReady || this.#nodes.generation !== generation) {
      throw new CopiesFenced('the connection was lost during the handshake');
    }
    return { incarnation, generation, ...scripts };
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
}

/** The scripts that work on data of this incarnation and on no other. */
function scriptsFor(incarnation: number) {
  return {
    /** Commands; refused when Redis is out of memory. */
    strict: bindScript(runCommands, incarnation, false),
    /** Commands that give back more than they take. */
    lenient: bindScript(runCommands, incarnation, true),
    due: bindScript(dueAccounts, incarnation, true),
    read: bindScript(readJournal, incarnation, true),
    trim: bindScript(trimJournal, incarnation, true),
  };
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
