/**
 * Where the demo writes: lines that scroll, and on a terminal a few lines at the bottom that are drawn anew
 * in place. Elsewhere (a pipe, CI) the lines at the bottom do not exist.
 */
import { fitted } from './text-width.ts';

const CURSOR_HIDE = '\x1b[?25l';
const CURSOR_SHOW = '\x1b[?25h';
const ERASE_BELOW = '\x1b[J';
/** Where nobody says how wide it is: a pipe, a log. */
const COLUMNS_DEFAULT = 100;

/** What a screen is made on; `process.stdout` is one. */
export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A screen. */
export class Screen {
  /** Whether lines at the bottom are shown. */
  readonly isLive: boolean;
  readonly #output: ScreenOutput;
  #bottom: readonly string[] = [];
  #drawnLines = 0;

  constructor(output: ScreenOutput) {
    this.#output = output;
    this.isLive = output.isTTY === true;
  }

  /** Columns to write in. */
  get columns(): number {
    return this.#output.columns ?? COLUMNS_DEFAULT;
  }

  /** Writes a line that stays. */
  line(text = ''): void {
    if (this.isLive) this.#draw(`${text}\n`);
    else this.#output.write(`${text}\n`);
  }

  /** Shows `lines` at the bottom, in place of those before. */
  bottom(lines: readonly string[]): void {
    if (!this.isLive) return;
    this.#bottom = lines;
    this.#draw('');
  }

  /** Leaves the terminal as it was found; what is at the bottom stays if `keeps`. */
  close({ keeps = false }: { readonly keeps?: boolean } = {}): void {
    if (!this.isLive) return;
    if (!keeps) this.#bottom = [];
    this.#draw('');
    this.#drawnLines = 0;
    this.#bottom = [];
    this.#output.write(CURSOR_SHOW);
  }

  /** One write, so that nothing flickers: back to the top of the bottom, erase, new lines, bottom again. */
  #draw(scrolling: string): void {
    const back = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}A`;
    const drawn = this.#bottom.map((line) => `${fitted(line, this.columns - 1)}\n`);
    this.#output.write(`${CURSOR_HIDE}${back}\r${ERASE_BELOW}${scrolling}${drawn.join('')}`);
    this.#drawnLines = drawn.length;
  }
}
