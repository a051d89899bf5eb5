/**
 * Redis as the simulation knows it: stores with a lineage each, one of them the primary, and what operators
 * and accidents do to them. The data and their rules are those of `MemoryCopies`, to which the real scripts
 * are held by differential tests.
 */
import {
  type AccountId,
  CopiesFenced,
  type CopyAnswer,
  type CopyCommand,
  type CopyStore,
  type Dataset,
  type JournalEvent,
  type JournalPosition,
  MemoryCopies,
} from '@bursar/core';
import { type SimLink, unavailable } from './sim-link.ts';
import type { SimTime } from './sim-time.ts';

/** One running store. */
export interface SimStore {
  copies: MemoryCopies;
  isUp: boolean;
  /** Refuses what needs memory. */
  isFull: boolean;
}

/** All stores of one Redis. */
export class SimRedis {
  readonly #time: SimTime;
  #lineages = 0;
  primary: SimStore;
  readonly #snapshots: MemoryCopies[] = [];

  constructor(time: SimTime) {
    this.#time = time;
    this.primary = this.#fresh();
  }

  /** Keeps the data as they are, for a later rollback. */
  snapshot(): void {
    this.#snapshots.push(this.primary.copies.copyAs('snapshot'));
    if (this.#snapshots.length > 8) this.#snapshots.shift();
  }

  /** The process ends; the next one has the data, or not. */
  restart(keepsData: boolean): void {
    const { copies } = this.primary;
    this.primary.isUp = false;
    this.primary = keepsData ? this.#storeOf(copies.copyAs(this.#lineage())) : this.#fresh();
  }

  /** A replica that lags becomes the primary. Returns the old one, which somebody may still use. */
  failOver(ago: number): SimStore {
    const old = this.primary;
    const lagging = this.#snapshots[Math.max(0, this.#snapshots.length - 1 - ago)];
    this.primary =
      lagging === undefined ? this.#fresh() : this.#storeOf(lagging.copyAs(this.#lineage()));
    return old;
  }

  /** All data are gone; the process and its loaded scripts stay. */
  async flush(): Promise<void> {
    const { lineage } = await this.primary.copies.inspect();
    this.primary.copies = new MemoryCopies({ clock: this.#time, lineage });
  }

  #fresh(): SimStore {
    return this.#storeOf(new MemoryCopies({ clock: this.#time, lineage: this.#lineage() }));
  }

  #storeOf(copies: MemoryCopies): SimStore {
    return { copies, isUp: true, isFull: false };
  }

  #lineage(): string {
    this.#lineages += 1;
    return `lineage-${this.#lineages}`;
  }
}

/** Commands that are carried out when there is no memory left. */
const NEEDS_NO_MEMORY = new Set<CopyCommand['kind']>([
  'settle',
  'release',
  'expire',
  'correct',
  'recall',
  'read',
  'find',
  'sweep',
]);

/** A server's connection to whichever store it takes for the primary. */
export class SimCopies implements CopyStore {
  readonly name = 'simulated redis';
  readonly shards = 1;
  readonly #link: SimLink;
  readonly #store: () => SimStore;
  /** What this connection has shaken hands with; the store, because a new process knows no scripts. */
  #shaken: { readonly store: SimStore; readonly incarnation: number } | undefined;
  /** Only a mutation turns the fence off. */
  isFenced = true;

  constructor(link: SimLink, store: () => SimStore) {
    this.#link = link;
    this.#store = store;
  }

  execute(command: CopyCommand): Promise<CopyAnswer> {
    return this.#fenced(async (copies, { isFull }) => {
      if (isFull && !NEEDS_NO_MEMORY.has(command.kind)) throw unavailable('out of memory');
      return copies.executeNow(command);
    });
  }

  due(shard: number, limit: number): Promise<readonly AccountId[]> {
    return this.#fenced((copies) => copies.due(shard, limit));
  }

  journal(shard: number, after: JournalPosition, limit: number): Promise<readonly JournalEvent[]> {
    return this.#fenced((copies) => copies.journal(shard, after, limit));
  }

  trim(shard: number, upTo: JournalPosition, olderThanMs: number): Promise<void> {
    return this.#fenced((copies) => copies.trim(shard, upTo, olderThanMs));
  }

  inspect(): Promise<Dataset> {
    return this.#link.call(async () => this.#up().copies.inspect());
  }

  async adopt(incarnation: number, lineage: string, found = 0): Promise<boolean> {
    const adopted = await this.#link.call(async () => {
      const store = this.#up();
      const dataset = await store.copies.inspect();
      // What was inspected is another store by now.
      if (dataset.lineage !== lineage) return undefined;
      return (await store.copies.adopt(incarnation, lineage, found)) ? store : undefined;
    });
    // Only an answer that arrives tells this end what it works under.
    if (adopted !== undefined) this.#shaken = { store: adopted, incarnation };
    return adopted !== undefined;
  }

  async close(): Promise<void> {
    this.#shaken = undefined;
  }

  #fenced<Result>(
    action: (copies: MemoryCopies, store: SimStore) => Promise<Result>,
  ): Promise<Result> {
    return this.#link.call(async () => {
      const store = this.#up();
      const { incarnation } = await store.copies.inspect();
      const isKnown =
        this.#shaken !== undefined &&
        this.#shaken.store === store &&
        this.#shaken.incarnation === incarnation;
      if (!isKnown && this.isFenced) {
        this.#shaken = undefined;
        throw new CopiesFenced('not the data that were shaken hands with');
      }
      return action(store.copies, store);
    });
  }

  #up(): SimStore {
    const store = this.#store();
    if (!store.isUp) throw unavailable('redis is down');
    return store;
  }
}
