/** Runtimes that try the client out, each given the same bundle in the way that it takes programs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findRuntime, type FoundTool } from '@bursar/testkit';
import { bundledModule } from './bundle.ts';
import type { Surroundings, TriedOut } from './try-out.ts';

/** Longest that a program may run, in milliseconds. */
const RUN_MS_MAX = 60_000;

const TRY_OUT = "import { tryOut } from './test/edge/try-out.ts';";

/** In Bun, as a script. */
export async function inBun(where: Surroundings): Promise<TriedOut> {
  return await asScript(await findRuntime('bun'), ['run'], where);
}

/** In Deno, as a script that may use the network and nothing else. */
export async function inDeno(where: Surroundings): Promise<TriedOut> {
  const args = ['run', '--no-config', '--no-prompt', '--no-remote', '--no-npm', '--allow-net'];
  return await asScript(await findRuntime('deno'), args, where);
}

/** In workerd, as a worker that is asked over HTTP. */
export async function inWorkerd(where: Surroundings): Promise<TriedOut> {
  const program = await bundledModule(`${TRY_OUT}
    export default {
      async fetch(request) {
        try {
          return Response.json(await tryOut(await request.json()));
        } catch (error) {
          return new Response(String(error?.stack ?? error), { status: 500 });
        }
      },
    };`);
  return await withFiles({ 'worker.js': program, 'config.capnp': CONFIG }, async (folder) => {
    const { file, args, env } = await findRuntime('workerd');
    // It says on descriptor 3 which port it was given.
    const control = ['--control-fd=3', '--socket-addr=http=127.0.0.1:0'];
    const child = spawn(file, [...args, 'serve', ...control, join(folder, 'config.capnp')], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    const ended = once(child, 'exit');
    try {
      const port = await Promise.race([
        portSaidOn(child.stdio[3] as NodeJS.ReadableStream),
        ended.then(() => Promise.reject(new Error('workerd ended before it listened'))),
      ]);
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        body: JSON.stringify(where),
        signal: AbortSignal.timeout(RUN_MS_MAX),
      });
      if (!answer.ok) throw new Error(`in workerd: ${await answer.text()}`);
      return (await answer.json()) as TriedOut;
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
}

/** Workers reach public addresses only, unless they are told otherwise. */
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
);
`;

/** The first port in what workerd says: a line of JSON for each event. */
async function portSaidOn(stream: NodeJS.ReadableStream): Promise<number> {
  let said = '';
  for await (const chunk of stream) {
    said += String(chunk);
    const [, port] = /"event":"listen"[^\n]*"port":(\d+)/.exec(said) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`workerd did not say where it listens: ${said}`);
}

async function asScript(
  { file, args, env }: FoundTool,
  before: readonly string[],
  where: Surroundings,
): Promise<TriedOut> {
  const program = await bundledModule(
    `${TRY_OUT} console.log(JSON.stringify(await tryOut(${JSON.stringify(where)})));`,
  );
  return await withFiles({ 'program.mjs': program }, async (folder) => {
    const child = spawn(file, [...args, ...before, join(folder, 'program.mjs')], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
    });
    const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (said === '') throw new Error(`${file} said nothing but: ${complaints}`);
    return JSON.parse(said) as TriedOut;
  });
}

/** Runs `work` with a folder that has `files` in it. */
async function withFiles<Result>(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-runtime-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
