/** Writes a trace of calls whose sizes vary, and says what they must cost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A trace on disk. */
export interface WrittenTrace {
  readonly file: string;
  /** At 2.50 and 10.00 USD per million tokens, which are 2,500 and 10,000 nano-USD each. */
  readonly costNanoUsd: number;
}

export function writeTrace(directory: string, calls: number): WrittenTrace {
  const lines = ['TIMESTAMP,ContextTokens,GeneratedTokens'];
  let costNanoUsd = 0;
  for (let call = 0; call < calls; call += 1) {
    const contextTokens = 1 + ((call * 37) % 500);
    const generatedTokens = 1 + ((call * 11) % 90);
    const seconds = String(call % 60).padStart(2, '0');
    lines.push(`2023-11-16 18:15:${seconds}.6805900,${contextTokens},${generatedTokens}`);
    costNanoUsd += contextTokens * 2_500 + generatedTokens * 10_000;
  }
  const file = join(directory, 'trace.csv');
  writeFileSync(file, lines.join('\r\n'));
  return { file, costNanoUsd };
}
