/** The demo as a child process, as a user would start it, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A finished run. */
export interface FinishedDemo {
  readonly exitCode: number | null;
  /** Lines on standard output, without the empty ones. */
  readonly lines: readonly string[];
  readonly errors: string;
}

/** A directory that is removed when the test ends, or when `onEnd` says. */
export function makeDirectory(onEnd: (remove: () => void) => void = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'bursar-demo-'));
  onEnd(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Starts the demo, on embedded books unless `stores` says otherwise; killed when the test ends. */
export function startDemo(
  args: readonly string[],
  stores: Readonly<Record<string, string>> = {},
): ChildProcess {
  const { OPENAI_API_KEY: _key, DATABASE_URL: _url, REDIS_URL: _redis, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env, ...stores, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs the demo to its end. */
export async function runDemo(
  args: readonly string[],
  stores: Readonly<Record<string, string>> = {},
): Promise<FinishedDemo> {
  const child = startDemo(args, stores);
  const [output, errors, [exitCode]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, lines: output.split('\n').filter((line) => line !== ''), errors };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}
