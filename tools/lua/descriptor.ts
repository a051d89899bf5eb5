/**
 * From `lua/*.lua` to `src/generated/*.ts`: reads a script's header, expands its includes, writes a descriptor.
 *
 * The header is the comment at the top: prose, then tags in this order, each `-- @tag name type: meaning`
 * on one line:
 *
 *     @key        one key               type: hash, sorted set, stream, string
 *     @keys       any number of keys    (after all single ones)
 *     @argument   one argument          type: text, number, milliseconds, amount
 *     @reply      one slot of the reply (at least one)
 *
 * A line `-- @include lib/x.lua` below the header is replaced by that file. Comments are left out of the
 * text that Redis gets.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TAGS = ['key', 'keys', 'argument', 'reply'] as const;
type Tag = (typeof TAGS)[number];
const TYPES: { readonly [T in Tag]: RegExp } = {
  key: /^(hash|sorted set|stream|string)$/,
  keys: /^(hash|sorted set|stream|string)$/,
  argument: /^(text|number|milliseconds|amount)$/,
  reply: /^(text|number|milliseconds|amount)$/,
};
const TAG_LINE = /^-- @(\w+) ([a-z][A-Za-z]*) ([a-z ]+): (\S.*)$/;
const INCLUDE_LINE = /^-- @include (lib\/[a-z-]+\.lua)$/;

interface Slot {
  readonly tag: Tag;
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

/** The generated files of a folder with `lua` in it, by name. Throws for a header that is not as above. */
export function generatedFiles(packageFolder: string): ReadonlyMap<string, string> {
  const folder = join(packageFolder, 'lua');
  const names = readdirSync(folder).filter((name) => name.endsWith('.lua'));
  return new Map(
    names.toSorted().map((file) => {
      const name = file.slice(0, -'.lua'.length);
      const source = readFileSync(join(folder, file), 'utf8');
      return [
        `${name}.ts`,
        descriptor(name, source, (path) => readFileSync(join(folder, path), 'utf8')),
      ];
    }),
  );
}

function descriptor(name: string, source: string, read: (path: string) => string): string {
  const { prose, slots } = parseHeader(name, source);
  const named = (tag: Tag) => slots.filter((slot) => slot.tag === tag);
  const list = (tag: Tag) =>
    `[${named(tag)
      .map((slot) => quoted(slot.name))
      .join(', ')}]`;
  const union = (tag: Tag) =>
    named(tag)
      .map((slot) => quoted(slot.name))
      .join(' | ') || 'never';
  const doc = [
    ...prose,
    '',
    ...slots.map(
      ({ tag, name: slot, type, meaning }) => `- ${tag} \`${slot}\`, ${type}: ${meaning}`,
    ),
  ];
  const lines = expand(name, source, read).filter((line) => !/^\s*(--.*)?$/.test(line));
  const text = lines.join('\n').replace(/[\\`]|\$\{/g, (special) => `\\${special}`);
  return `// Made by tools/build-lua.ts from lua/${name}.lua.
import type { Script } from '../script.ts';

/**
${doc.map((line) => ` * ${line}`.trimEnd()).join('\n')}
 */
export const ${camel(name)}: Script<
  ${union('key')},
  ${union('keys')},
  ${union('argument')}
> = {
  name: ${quoted(name)},
  keys: ${list('key')},
  keyLists: ${list('keys')},
  arguments: ${list('argument')},
  text: \`${text}
\`,
};
`;
}

function parseHeader(name: string, source: string): { prose: string[]; slots: Slot[] } {
  const prose: string[] = [];
  const slots: Slot[] = [];
  const names = new Set<string>();
  for (const line of source.split('\n')) {
    if (line === '') break;
    if (line === '--') {
      if (slots.length === 0) prose.push('');
      continue;
    }
    if (!line.startsWith('-- ')) throw new Error(`${name}.lua: the header ends with an empty line`);
    if (!line.startsWith('-- @')) {
      if (slots.length > 0) throw new Error(`${name}.lua: prose comes before tags: ${line}`);
      prose.push(line.slice('-- '.length));
      continue;
    }
    const slot = parseTag(name, line);
    const last = slots.at(-1);
    if (last !== undefined && TAGS.indexOf(last.tag) > TAGS.indexOf(slot.tag)) {
      throw new Error(`${name}.lua: tags come in the order ${TAGS.join(', ')}: ${line}`);
    }
    const key = slot.tag === 'reply' ? `reply ${slot.name}` : slot.name;
    if (names.has(key)) throw new Error(`${name}.lua: two parts called ${slot.name}`);
    names.add(key);
    slots.push(slot);
  }
  while (prose.at(-1) === '') prose.pop();
  if (prose.length === 0) throw new Error(`${name}.lua: says nowhere what it does`);
  if (slots.at(-1)?.tag !== 'reply') throw new Error(`${name}.lua: says nowhere what it replies`);
  return { prose, slots };
}

function parseTag(name: string, line: string): Slot {
  const [, tag, slot, type, meaning] = TAG_LINE.exec(line) ?? [];
  const known = TAGS.find((candidate) => candidate === tag);
  if (known === undefined || slot === undefined || type === undefined || meaning === undefined) {
    throw new Error(`${name}.lua: not a line of a header: ${line}`);
  }
  if (!TYPES[known].test(type)) throw new Error(`${name}.lua: no type of a ${known}: ${line}`);
  return { tag: known, name: slot, type, meaning };
}

function expand(name: string, source: string, read: (path: string) => string): string[] {
  const seen = new Set<string>();
  return source.split('\n').flatMap((line) => {
    if (!line.includes('@include')) return [line];
    const [, path] = INCLUDE_LINE.exec(line) ?? [];
    if (path === undefined) throw new Error(`${name}.lua: not an include: ${line}`);
    if (seen.has(path)) throw new Error(`${name}.lua: includes ${path} twice`);
    seen.add(path);
    const text = read(path);
    if (text.includes('@include')) throw new Error(`${path}: only scripts include`);
    return text.split('\n');
  });
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function quoted(text: string): string {
  return `'${text}'`;
}
