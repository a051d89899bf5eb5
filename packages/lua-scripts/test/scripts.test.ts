import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AMOUNT_MAX,
  INSTANT_MAX,
  LAZY_EXPIRY_MAX,
  LEGS_MAX,
  LOG_MAX,
  PERIOD_TOLERANCE_MS,
  PLACE_MS,
  RATES_MAX,
  SLOT_HOLDERS_MAX,
  TOMBSTONE_MS,
} from '@bursar/core';
import { findLuacheck, type FoundTool } from '@bursar/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import * as lua from '../src/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(import.meta.dirname, '../lua');
const scripts: readonly lua.Script[] = [
  lua.adoptIncarnation,
  lua.dueAccounts,
  lua.readJournal,
  lua.runCommands,
  lua.trimJournal,
];
const sources = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.lua'))
  .map((path) => [path, readFileSync(join(FOLDER, path), 'utf8')] as const);

let luacheck: FoundTool;
beforeAll(async () => {
  luacheck = await findLuacheck();
}, 300_000);

/** What luacheck finds in a script's text, a line each. Throws when it cannot run. */
function luaProblems(text: string): readonly string[] {
  const { file, args, env } = luacheck;
  const config = join(import.meta.dirname, '../.luacheckrc');
  const { status, stdout, stderr } = spawnSync(
    file,
    [...args, '-', '--config', config, '--formatter', 'plain'],
    { env, input: text, encoding: 'utf8' },
  );
  // 1: warnings, 2: errors; above, luacheck itself did not work.
  if (status === null || status > 2) throw new Error(`luacheck did not run: ${stderr}${stdout}`);
  return stdout.split('\n').filter((line) => line !== '');
}

it('the generated descriptors are those of the sources', () => {
  // It regenerates in memory, and fails on any difference or malformed header.
  execFileSync(process.execPath, ['tools/run.mjs', 'tools/build-lua.ts', '--check'], { cwd: ROOT });
});

it('every script has a descriptor that is exported', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.lua'));
  expect(scripts.map(({ name }) => `${name}.lua`).toSorted()).toEqual(names.toSorted());
});

describe.each(scripts.map((script) => [script.name, script] as const))('%s', (_, script) => {
  it('is Lua 5.1 without global writes, undeclared names or unused locals', () => {
    expect(luaProblems(script.text)).toEqual([]);
  });

  it('reads no key and no argument that its header does not name', () => {
    const indexes = (name: string) =>
      [...script.text.matchAll(new RegExp(`\\b${name}\\[(\\d+)\\]`, 'g'))].map((m) => Number(m[1]));
    expect(Math.max(0, ...indexes('KEYS'))).toBeLessThanOrEqual(
      script.keys.length + script.keyLists.length,
    );
    expect(Math.max(0, ...indexes('ARGV'))).toBeLessThanOrEqual(script.arguments.length);
  });

  it('turns data of another incarnation away, unless it makes them', () => {
    expect(script.text.includes("return { 'FENCED' }")).toBe(script.name !== 'adopt-incarnation');
    expect(script.text.includes('INC')).toBe(script.name !== 'adopt-incarnation');
  });

  it('fits into what Lua allows one function to hold', () => {
    // What is made when it is needed is in functions of its own.
    for (const part of script.text.split(/^local function make_\w+/m)) {
      expect(part.match(/^local /gm)?.length ?? 0).toBeLessThan(180);
    }
  });
});

it.each([
  ['x = 1', "setting non-standard global variable 'x'"],
  ['function f() end', "setting non-standard global variable 'f'"],
  ['local a = 1', "unused variable 'a'"],
  ['local a = 1\na = 2', "variable 'a' is never accessed"],
  ['local a = 1\nlocal a = 2\nreturn a', "variable 'a' was previously defined"],
  ['return amuont', "accessing undefined variable 'amuont'"],
  ['return os.time()', "accessing undefined variable 'os'"],
  ['return redis.cal()', "accessing undefined field 'cal' of global 'redis'"],
  ['return string.fromat()', "accessing undefined field 'fromat' of global 'string'"],
  ['KEYS = {}', "setting read-only global variable 'KEYS'"],
  ['do return 1 end\nreturn 2', 'unreachable code'],
  ['local = 1', 'expected identifier'],
])('luacheck notices %j', (text, problem) => {
  expect(luaProblems(text).join('\n')).toContain(problem);
});

it.each(sources)('%s turns no number into text but with lib/integer.lua', (path, source) => {
  const code = source.replace(/--.*$/gm, '');
  // Packed numbers are exact: eight bytes are what both sides hold them in.
  expect(code).not.toMatch(/\btostring\b|\bcjson\b|\bcmsgpack\.pack\b|\bloadstring\b|\bload\b/);
  if (!path.endsWith('integer.lua')) expect(code).not.toMatch(/%d\b(?!\+)/);
});

it.each(sources)('%s says at its top what it is for', (_, source) => {
  expect(source).toMatch(/^-- [A-Za-z]/);
});

it.each(sources)('%s is short, with short lines', (_, source) => {
  const lines = source.split('\n');
  expect(lines.filter((line) => line.length > 110)).toEqual([]);
  expect(lines.length).toBeLessThan(170);
});

it('the bounds in Lua are those of core', () => {
  const text = lua.runCommands.text;
  const value = (name: string) => Number(new RegExp(`local ${name} = (\\d+)`).exec(text)?.[1]);
  expect(value('AMOUNT_MAX')).toBe(AMOUNT_MAX);
  expect(value('INSTANT_MAX')).toBe(INSTANT_MAX);
  expect(value('PERIOD_TOLERANCE_MS')).toBe(PERIOD_TOLERANCE_MS);
  expect(value('PLACE_MS')).toBe(PLACE_MS);
  expect(value('TOMBSTONE_MS')).toBe(TOMBSTONE_MS);
  expect(value('LAZY_EXPIRY_MAX')).toBe(LAZY_EXPIRY_MAX);
  expect(value('LOG_MAX')).toBe(LOG_MAX);
  expect(value('SLOT_HOLDERS_MAX')).toBe(SLOT_HOLDERS_MAX);
});

it('one call has room for the largest commands', () => {
  expect(lua.KEYS_MAX).toBeGreaterThanOrEqual(lua.COMMANDS_MAX * LEGS_MAX + 6);
  // Each change makes up to six words of one journal entry; Lua unpacks at most some 7,900.
  expect(lua.CHANGES_MAX * 6).toBeLessThan(7_900);
  // A reservation has more words than anything else, and a call becomes one list of words.
  const wordsMax = 8 + LEGS_MAX + 3 * RATES_MAX;
  expect(lua.COMMANDS_MAX * wordsMax).toBeLessThan(7_900);
});

it('puts the parts of a call where the script reads them', () => {
  const call = lua.encodeCall(lua.runCommands, {
    keys: { meta: 'm', open: 'o', done: 'd', doneBefore: 'b', due: 'z', journal: 'j' },
    keyLists: { copies: ['c1', 'c2'], limiters: ['l1'] },
    arguments: { call: 'packed' },
  });
  expect(call.keys).toEqual(['m', 'o', 'd', 'b', 'z', 'j', 'c1', 'c2', 'l1']);
  expect(call.values).toEqual(['packed']);
});
