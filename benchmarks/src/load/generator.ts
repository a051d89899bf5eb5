/** Starts the generator's process and waits for what it found. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GeneratorOrder, GeneratorReport } from './generator.process.ts';

const PROGRAM = fileURLToPath(new URL('./generator.process.ts', import.meta.url));

/** Carries out `order` in a process of its own. Rejects when that ends without an answer. */
export async function runGenerator(order: GeneratorOrder): Promise<GeneratorReport> {
  // Typed arrays travel as they are.
  const child = fork(PROGRAM, { serialization: 'advanced' });
  try {
    child.send(order);
    return await new Promise<GeneratorReport>((resolve, reject) => {
      child.once('message', (report) => resolve(report as GeneratorReport));
      child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    });
  } finally {
    if (child.connected) child.disconnect();
  }
}
