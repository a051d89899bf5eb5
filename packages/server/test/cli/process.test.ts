/** `bursar` as a process: signals, parents, ports, and Nodes that are too old. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/bursar.mjs');

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-process-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function start(environment: Readonly<Record<string, string>> = {}) {
  const child = fork(BIN, ['serve'], {
    env: {
      PATH: process.env['PATH'],
      BURSAR_DATA_DIR: directory,
      BURSAR_PORT: '0',
      BURSAR_BOOTSTRAP_TOKEN: 'a-bootstrap-token-of-32-characters',
      ...environment,
    },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (output += String(chunk)));
  return { child, output: () => output };
}

async function listening(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, 'message')) as [{ listening: string }];
  return message.listening;
}

describe('a server process', () => {
  it('tells its parent where it listens, and on SIGTERM finishes and exits with 0', async () => {
    const { child, output } = start();
    const url = await listening(child);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready' });
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const messages = output()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages.at(-1)).toBe('stopped');
    expect(output()).not.toContain('a-bootstrap-token-of-32-characters');
  });

  it('stops when its parent is gone', async () => {
    const { child, output } = start();
    await listening(child);
    const exited = once(child, 'exit');
    child.disconnect();
    expect(await exited).toEqual([0, null]);
    expect(output()).toContain('"stopped"');
  });

  it('leaves the data to the next one, also when it is killed', async () => {
    const first = start();
    await listening(first.child);
    const exited = once(first.child, 'exit');
    first.child.kill('SIGKILL');
    await exited;
    const second = start();
    expect(await listening(second.child)).toMatch(/^http:/);
    const ended = once(second.child, 'exit');
    second.child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('exits at once when it is asked a second time', async () => {
    const { child } = start({ BURSAR_SHUTDOWN_MS: '600000' });
    const url = await listening(child);
    // A request that never ends, so that finishing what is running takes the whole ten minutes.
    const unfinished = fetch(`${url}/trpc/limits.set`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer a-bootstrap-token-of-32-characters',
        'content-type': 'application/json',
      },
      body: new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{')),
      }),
      duplex: 'half',
    } as RequestInit).catch(() => 'cut');
    // Its headers are there once another connection, opened later, has been answered.
    await (await fetch(`${url}/healthz`)).text();
    const exited = once(child, 'exit');
    const asked = once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    await asked;
    child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
    expect(await unfinished).toBe('cut');
  });

  it('says what to do when its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { child, output } = start({ BURSAR_PORT: String(port) });
    expect(await once(child, 'exit')).toEqual([1, null]);
    taken.close();
    expect(output()).toContain(`cannot listen at port ${port} of 127.0.0.1`);
    expect(output()).toContain('Choose another BURSAR_PORT');
    expect(output()).not.toMatch(/\n +at /);
  });
});

describe('an old Node', () => {
  it('is told in one sentence which one is needed', async () => {
    const pretend =
      'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.9.0"})';
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, ['--import', pretend, BIN, 'serve'], (error, _stdout, text) =>
        resolve({ code: error?.code, stderr: text }),
      );
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Bursar needs Node 22.18 or newer, and this is Node 20.9.0. Install Node 24 and run this again.\n',
    );
  });
});
