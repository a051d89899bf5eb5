/** Tools of tests are found or asked for, never done without. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findRedisBinary } from '../../src/servers/redis-binary.ts';
import { findLuacheck } from '../../src/tools/luacheck.ts';
import { fetchPackage } from '../../src/tools/registry-package.ts';
import { findRuntime } from '../../src/tools/runtimes.ts';

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bursar-tool-'));
  folders.push(folder);
  return folder;
}

it('luacheck is found, and is one: it knows what is a global and what is not', async () => {
  const { file, args, env, version } = await findLuacheck();
  expect(version).toMatch(/^\d+\.\d/);
  const check = (input: string) =>
    spawnSync(file, [...args, '-', '--no-color'], { env, input, encoding: 'utf8' });
  expect(check('return 1')).toMatchObject({ status: 0 });
  expect(check('return amuont')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("accessing undefined variable 'amuont'"),
  });
}, 300_000);

describe.each([
  {
    what: 'Redis',
    find: findRedisBinary,
    variable: 'BURSAR_REDIS_BINARY',
    program: 'redis-server',
    cacheName: 'redis',
    good: 'Redis server v=9.9.9 sha=0',
    bad: 'Redis server v=6.2.0 sha=0',
    advice: 'apt install redis-server',
  },
  {
    what: 'luacheck',
    find: findLuacheck,
    variable: 'BURSAR_LUACHECK',
    program: 'luacheck',
    cacheName: 'luacheck',
    good: 'Luacheck: 9.9.9',
    bad: 'lua: module not found',
    advice: 'apt install lua-check',
  },
  {
    what: 'Bun',
    find: () => findRuntime('bun'),
    variable: 'BURSAR_BUN',
    program: 'bun',
    cacheName: 'bun',
    good: '9.9.9',
    bad: '1.0.9',
    advice: 'npm install --global bun',
  },
])('$what', ({ find, variable, program, cacheName, good, bad, advice }) => {
  /** A folder with a program that answers `answer` to everything. */
  function folderWith(answer: string): string {
    const folder = emptyFolder();
    writeFileSync(join(folder, program), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    return folder;
  }

  it('is taken from PATH, the first there that will do', async () => {
    const [unfit, fit, later] = [bad, good, good].map(folderWith);
    vi.stubEnv(variable, '');
    vi.stubEnv('PATH', [unfit, fit, later].join(delimiter));
    expect(await find()).toMatchObject({ file: join(fit ?? '', program), version: '9.9.9' });
  });

  it('that somebody has chosen and that is none is refused', async () => {
    vi.stubEnv(variable, process.execPath);
    await expect(find()).rejects.toThrow(
      new RegExp(`${variable} is .* Correct it, or unset it to let the tests find one`),
    );
  });

  it('that can be had nowhere is asked for, with how to get it; what is broken in the cache counts as nothing', async () => {
    const cache = emptyFolder();
    vi.stubEnv('PATH', folderWith(bad));
    mkdirSync(join(cache, `${cacheName}-99.0/usr/share/lua/5.1/luacheck`), { recursive: true });
    mkdirSync(join(cache, `${cacheName}-98.0/usr/bin`), { recursive: true });
    writeFileSync(join(cache, `${cacheName}-98.0`, 'redis-server'), 'not a program', {
      mode: 0o755,
    });
    vi.stubEnv('BURSAR_CACHE_DIR', cache);
    vi.stubEnv(variable, '');
    await expect(find()).rejects.toThrow(new RegExp(`Install one .*${advice}.*or set ${variable}`));
  });
});

describe('a package of the npm registry', () => {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = (integrity: string) => ({
    version: '1.0.0',
    cacheName: 'thing',
    platforms: { [platform]: ['thing-here', integrity] as const },
  });

  /** An npm that packs a package with the file `program` and says that its bytes are `integrity`. */
  function npmSaying(integrity: string): void {
    const folder = emptyFolder();
    const answer = JSON.stringify([{ filename: 'thing.tgz', integrity }]);
    const script = `#!/bin/sh\nmkdir package && echo hi > package/program\ntar -czf thing.tgz package && rm -r package\necho '${answer}'\n`;
    writeFileSync(join(folder, 'npm'), script, { mode: 0o755 });
    vi.stubEnv('PATH', [folder, process.env['PATH']].join(delimiter));
    vi.stubEnv('BURSAR_CACHE_DIR', emptyFolder());
  }

  it('is unpacked into the cache, once, and by two at the same time', async () => {
    npmSaying('sha512-as-written');
    const roots = await Promise.all([1, 2].map(() => fetchPackage(wanted('sha512-as-written'))));
    expect(roots[0]).toBe(roots[1]);
    expect(readFileSync(join(roots[0] ?? '', 'program'), 'utf8')).toBe('hi\n');
    expect(readdirSync(process.env['BURSAR_CACHE_DIR'] ?? '')).toEqual(['thing-1.0.0']);
  });

  it('that has other bytes than are written down is not unpacked', async () => {
    npmSaying('sha512-other');
    await expect(fetchPackage(wanted('sha512-as-written'))).rejects.toThrow(
      'thing-here@1.0.0 is not what it was: sha512-other',
    );
    expect(readdirSync(process.env['BURSAR_CACHE_DIR'] ?? '')).toEqual([]);
  });

  it('that there is not for this platform is said to be so', async () => {
    const foreign = { ...wanted('sha512-x'), platforms: {} };
    await expect(fetchPackage(foreign)).rejects.toThrow(`npm has no thing for ${platform}`);
  });
});
