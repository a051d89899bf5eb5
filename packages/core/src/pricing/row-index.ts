/**
 * Which row of a price list is for a model id. An exact id or a pattern of the earliest row wins.
 *
 * The index is made when it is first asked, because most lists of a whole catalogue never are.
 */
import { matches, type ModelPattern } from './model-match.ts';
import type { PriceRow } from './price-table.ts';

/** Where a pattern stands among the rows, so that the earliest row wins whichever way it matched. */
interface PatternEntry {
  readonly pattern: ModelPattern;
  readonly rowIndex: number;
}

/** Most ids whose rows are kept at hand; a product calls a few models, over and over. */
const FOUND_MAX = 1_000;

/** Finds rows by model id. */
export class RowIndex {
  readonly #rows: readonly PriceRow[];
  readonly #found = new Map<string, PriceRow>();
  #rowByExactId: Map<string, number> | undefined;
  readonly #patterns: PatternEntry[] = [];

  constructor(rows: readonly PriceRow[]) {
    this.#rows = rows;
  }

  /** The row for `id`, in the form of `comparableModel`. */
  find(id: string): PriceRow | undefined {
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    const found = this.#search(id);
    if (found !== undefined) {
      if (this.#found.size >= FOUND_MAX) this.#found.clear();
      this.#found.set(id, found);
    }
    return found;
  }

  #search(id: string): PriceRow | undefined {
    const exact = this.#exactIds().get(id) ?? this.#rows.length;
    // Patterns are in row order, so the first hit is the earliest row that matches by pattern.
    const hit = this.#patterns.find(
      ({ rowIndex, pattern }) => rowIndex < exact && matches(pattern, id),
    );
    return this.#rows[hit?.rowIndex ?? exact];
  }

  /** The row that lists `id` itself. */
  findExact(id: string): PriceRow | undefined {
    return this.#rows[this.#exactIds().get(id) ?? this.#rows.length];
  }

  #exactIds(): ReadonlyMap<string, number> {
    if (this.#rowByExactId !== undefined) return this.#rowByExactId;
    const exactIds = new Map<string, number>();
    this.#rows.forEach(({ ids, patterns = [] }, rowIndex) => {
      for (const id of ids) if (!exactIds.has(id)) exactIds.set(id, rowIndex);
      for (const pattern of patterns) this.#patterns.push({ pattern, rowIndex });
    });
    this.#rowByExactId = exactIds;
    return exactIds;
  }
}
