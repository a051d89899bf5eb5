/** The voice of the story: headings, sentences and what people say, at a pace that can be read. */
import { setTimeout as sleep } from 'node:timers/promises';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { wrapped } from '../terminal/text-width.ts';
import type { BudgetBoard } from './budget-board.ts';
import type { Person } from './person.ts';

const COLUMNS_MAX = 100;
const READING_MS = 700;
/** Longest answer that is shown whole, in characters. */
const ANSWER_LENGTH_MAX = 170;

/** Tells the story on a screen, above the budgets. */
export class Narrator {
  readonly #screen: Screen;
  readonly #board: BudgetBoard;

  constructor(screen: Screen, board: BudgetBoard) {
    this.#screen = screen;
    this.#board = board;
  }

  /** Whether somebody watches, for whom things should take their time. */
  get isWatched(): boolean {
    return this.#screen.isLive;
  }

  /** Begins a scene. */
  async heading(text: string): Promise<void> {
    this.#screen.line();
    this.#screen.line(paint.heading(text));
    await this.#pause();
  }

  /** Says something, and waits until it can have been read. */
  async say(text: string): Promise<void> {
    this.#lines(text, '  ', (line) => line);
    await this.#pause();
  }

  /** What `person` asks. */
  asks(person: Person, text: string): void {
    this.#lines(text, `  ${person.padEnd(5)} › `, (line) => line);
  }

  /** The answer as far as it has come. */
  answering(text: string): void {
    const begin = '  model › ';
    // A line that is still growing shows its end.
    const room = Math.min(COLUMNS_MAX, this.#screen.columns - 1) - begin.length;
    const shown = text.length > room ? `…${text.slice(text.length - room + 1)}` : text;
    this.#board.speech(`${begin}${paint.quiet(shown)}`);
  }

  /** The whole answer. */
  answered(text: string): void {
    this.#board.speech('');
    this.#lines(shortened(text), '  model › ', paint.quiet);
  }

  /** What was booked, or another fact to remember. */
  fact(text: string): void {
    this.#lines(text, '        → ', (line) => line);
  }

  /** That something was not allowed. */
  refusal(text: string): void {
    this.#lines(text, '        ✗ ', paint.bad);
  }

  #lines(text: string, begin: string, style: (line: string) => string): void {
    const room = Math.min(COLUMNS_MAX, this.#screen.columns - 1) - begin.length;
    for (const [index, line] of wrapped(text, room).entries()) {
      this.#screen.line(`${index === 0 ? begin : ' '.repeat(begin.length)}${style(line)}`);
    }
  }

  async #pause(): Promise<void> {
    if (this.isWatched) await sleep(READING_MS);
  }
}

function shortened(text: string): string {
  return text.length <= ANSWER_LENGTH_MAX ? text : `${text.slice(0, ANSWER_LENGTH_MAX)} …`;
}
