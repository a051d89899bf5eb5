/**
 * Reads a script's reply word by word, and takes nothing for granted.
 *
 * Replies decide about money: the first word that is not what the script's header promises throws.
 */
import { type Amount, type InstantMs, isAmount } from '@bursar/core';

const INTEGER = /^(0|-?[1-9][0-9]{0,15})$/;

/** A reply that is not as the script's header says. */
export class ReplyMalformed extends Error {
  override readonly name = 'ReplyMalformed';
}

/** A cursor over a flat list of words. */
export class ReplyReader {
  readonly #words: readonly string[];
  #at: number;
  #end: number;

  private constructor(words: readonly string[], at: number, end: number) {
    this.#words = words;
    this.#at = at;
    this.#end = end;
  }

  /** Of what the client library returned. */
  static of(reply: unknown): ReplyReader {
    if (!Array.isArray(reply)) throw new ReplyMalformed('the reply is not a list');
    for (const word of reply) {
      if (typeof word !== 'string') throw new ReplyMalformed('the reply holds more than text');
    }
    return new ReplyReader(reply as string[], 0, reply.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** How many words are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Skips the next word if it is `word`, and says whether it was. */
  textIf(word: string): boolean {
    if (this.isAtEnd || this.#words[this.#at] !== word) return false;
    this.#at += 1;
    return true;
  }

  text(): string {
    const word = this.#words[this.#at];
    if (word === undefined || this.#at >= this.#end)
      throw new ReplyMalformed('the reply is too short');
    this.#at += 1;
    return word;
  }

  /** An integer, sign allowed, exactly as JavaScript holds it. */
  integer(): number {
    const word = this.text();
    const value = Number(word);
    if (!INTEGER.test(word) || !Number.isSafeInteger(value)) {
      throw new ReplyMalformed(`no integer: ${word.slice(0, 40)}`);
    }
    return value;
  }

  amount(): Amount {
    const value = this.integer();
    if (!isAmount(value)) throw new ReplyMalformed(`no amount: ${value}`);
    return value;
  }

  instant(): InstantMs {
    return this.amount() as number as InstantMs;
  }

  flag(): boolean {
    const word = this.text();
    if (word !== '0' && word !== '1') throw new ReplyMalformed(`no flag: ${word.slice(0, 40)}`);
    return word === '1';
  }

  /** A number of things to follow, at most `max`. */
  count(max: number): number {
    const value = this.integer();
    if (value < 0 || value > max) throw new ReplyMalformed(`a count of ${value}`);
    return value;
  }

  /** Everything that is left. */
  rest(): string[] {
    const rest = this.#words.slice(this.#at, this.#end);
    this.#at = this.#end;
    return rest;
  }

  end(): void {
    if (!this.isAtEnd) throw new ReplyMalformed('the reply is too long');
  }
}
