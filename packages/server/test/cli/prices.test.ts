/** `bursar prices`: what is shown, what a file changes, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bursar } from '../support/test-terminal.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-cli-prices-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A directory for books that nobody may open: prices have nothing to do with them. */
const NO_BOOKS = { BURSAR_DATA_DIR: '/nonexistent/bursar' };

async function fileWith(content: unknown, name = 'prices.json'): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const GPT_4O = { inputTokens: '2.50', cachedInputTokens: '1.25', outputTokens: '10' };

describe('bursar prices show', () => {
  it('shows every number of one model and where it is from', async () => {
    const { exitCode, out, err } = await bursar(NO_BOOKS, 'prices', 'show', 'gpt-6.2-sol');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('gpt-6.2-sol is charged as gpt-6.2-sol of openai\nprices genai-prices-');
    expect(out).toMatch(/^USD per million units:\n {2}inputTokens +2\.00\n/m);
    expect(out).toMatch(/^above 272000 input tokens:\n {2}inputTokens +4\.00\n/m);
    expect(out).toMatch(/^service tiers, times the token prices:\n {2}batch +1\/2\n/m);
  });

  it('shows the minimum that is charged', async () => {
    const { out } = await bursar(NO_BOOKS, 'prices', 'show', 'groq/whisper-large-v3');
    expect(out).toMatch(/^charged at least:\n {2}audioInputMilliseconds +10000$/m);
  });

  it('shows a price of the file that the server would have', async () => {
    const models = { mine: { inputTokens: '3' }, tune: { chargeAs: 'gpt-4o' } };
    const environment = { ...NO_BOOKS, BURSAR_PRICES_FILE: await fileWith(models) };
    const { out } = await bursar(environment, 'prices', 'show', 'mine');
    expect(out).toContain('mine is charged as mine, a price of your own');
    expect((await bursar(environment, 'prices', 'show', 'tune')).out).toContain(
      'tune is charged as gpt-4o of openai',
    );
    expect((await bursar(environment, 'prices', 'show')).out).toMatch(/^mine +3\.00 +- +-$/m);
  });

  it('prints one price, or the whole table, as JSON', async () => {
    const one = await bursar(NO_BOOKS, 'prices', 'show', 'claude-opus-5', '--json');
    expect(JSON.parse(one.out)).toMatchObject({
      provider: 'anthropic',
      nanoUsdPerMillion: { inputTokens: 5_000_000_000 },
    });
    const all = await bursar(NO_BOOKS, 'prices', 'show', '--json');
    const table = JSON.parse(all.out) as { providers: { provider: string }[] };
    expect(table.providers.map(({ provider }) => provider)).toContain('openrouter');
  });

  it('narrows the table and the search to one provider', async () => {
    const { out } = await bursar(NO_BOOKS, 'prices', 'show', '--provider', 'xai');
    const lines = out.trim().split('\n');
    expect(lines[0]).toMatch(/^model +input +cached +output$/);
    expect(lines.slice(1).every((line) => line.startsWith('x-ai/'))).toBe(true);
    const words = ['prices', 'show', 'openai/gpt-oss-120b', '--provider', 'groq'];
    expect((await bursar(NO_BOOKS, ...words)).out).toContain('of groq');
  });

  it.each([
    [['gpt-9'], 'No price is known for the model "gpt-9"'],
    [['llama-3.3-70b-versatile'], 'it has prices at groq'],
    [['--provider', 'nobody'], 'There is no provider "nobody"'],
  ])('%j is answered with the reason and exit code 1', async (words, reason) => {
    const { exitCode, out, err } = await bursar(NO_BOOKS, 'prices', 'show', ...words);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain(reason);
  });
});

describe('bursar prices diff', () => {
  it('shows what a prices file changes, by model and class, in percent', async () => {
    const path = await fileWith({
      'gpt-4o': { ...GPT_4O, inputTokens: '2', outputTokens: '2500' },
      same: { chargeAs: 'gpt-4o-mini' },
    });
    const { exitCode, out } = await bursar(NO_BOOKS, 'prices', 'diff', path);
    expect(exitCode).toBe(0);
    const lines = out.split('\n');
    expect(lines).toContain('gpt-4o  inputTokens  2.50 → 2.00  -20.0 %');
    expect(lines).toContain('gpt-4o  outputTokens  10.00 → 2500.00  +24900.0 %  absurd');
    expect(lines).toContain('gpt-4o  batch  0.50 → 1.00  +100.0 %');
    expect(lines).toContain('same  inputTokens  - → 0.15  new');
    expect(out).not.toContain('cachedInputTokens  1.25');
  });

  it('says from when on a later price applies', async () => {
    const path = await fileWith({
      'my-1': [{ inputTokens: '1' }, { effectiveFrom: '2100-01-01', inputTokens: '2' }],
    });
    const { out } = await bursar(NO_BOOKS, 'prices', 'diff', path);
    expect(out).toContain('my-1  inputTokens  - → 1.00  new\n');
    expect(out).toContain('my-1 from 2100-01-01  inputTokens  - → 2.00  new\n');
  });

  it('shows what the table of another version changes', async () => {
    const { out: present } = await bursar(NO_BOOKS, 'prices', 'show', '--json');
    const table = JSON.parse(present) as {
      providers: {
        provider: string;
        rows: { model: string; prices: { nanoUsdPerMillion: { inputTokens: number } }[] }[];
      }[];
    };
    const openai = table.providers.find(({ provider }) => provider === 'openai');
    const [price] = openai?.rows.find(({ model }) => model === 'gpt-4o')?.prices ?? [];
    if (price === undefined) throw new Error('no gpt-4o');
    price.nanoUsdPerMillion.inputTokens = 3_000_000_000;
    openai?.rows.shift();
    const same = await bursar(NO_BOOKS, 'prices', 'diff', await fileWith(present));
    expect(same).toMatchObject({ exitCode: 0, out: '' });
    const { out } = await bursar(NO_BOOKS, 'prices', 'diff', await fileWith(table));
    expect(out.trim().split('\n')).toEqual([
      'openai/gpt-4o  inputTokens  2.50 → 3.00  +20.0 %',
      'openai/gpt-6.2-astra  gone',
    ]);
  });

  it('prints the changes as JSON', async () => {
    const path = await fileWith({ mine: { inputTokens: '1' } });
    const { out } = await bursar(NO_BOOKS, 'prices', 'diff', path, '--json');
    expect(JSON.parse(out)).toMatchObject([
      { model: 'mine', changes: [{ what: 'inputTokens', after: 1_000_000_000 }, {}, {}] },
    ]);
  });

  it.each([
    ['{', 'FILE names '],
    ['{"providers":[{}]}', 'snapshot.version must be a text'],
    [
      '{"version":"1","providers":[{"provider":"a","rows":[{"model":"m","ids":[],"prices":[{}]}]}]}',
      'snapshot.providers.0.rows.0.prices.0.nanoUsdPerMillion must be an object',
    ],
  ])('%s is refused, naming the field, with exit code 1', async (content, reason) => {
    const { exitCode, err } = await bursar(NO_BOOKS, 'prices', 'diff', await fileWith(content));
    expect(exitCode).toBe(1);
    expect(err).toContain(reason);
  });
});

describe('bursar prices check', () => {
  it('accepts what the server would, and says under which version', async () => {
    const path = await fileWith({ mine: { inputTokens: '1' }, tune: { chargeAs: 'gpt-4o' } });
    const { exitCode, out, err } = await bursar(NO_BOOKS, 'prices', 'check', path);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toMatch(/^2 models, prices genai-prices-.*\+overrides\.[0-9a-f]{16}\n$/);
  });

  it('names everything that cannot be meant, with exit code 1, and accepts it by force', async () => {
    const models = {
      'gpt-4o': { ...GPT_4O, inputTokens: '2500' },
      'gpt-4o-mini': { inputTokens: '0.00000015', outputTokens: '0.6' },
    };
    const refused = await fileWith({ date: '2026-01-01', models });
    const { exitCode, err, out } = await bursar(NO_BOOKS, 'prices', 'check', refused);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('prices.date is 2026-01-01');
    expect(err).toContain('prices.gpt-4o.inputTokens is 2500.00 USD per million and was 2.50');
    expect(err).toContain('prices.gpt-4o-mini.inputTokens is 0.00000015 USD');
    const meant = await fileWith({ force: true, date: '2026-01-01', models });
    expect(await bursar(NO_BOOKS, 'prices', 'check', meant)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    [{ mine: { goldTokens: '1' } }, 'prices.mine.goldTokens is not a class of usage'],
    [{ mine: { chargeAs: 'gpt-9' } }, 'overrides.0.chargeAs names "gpt-9"'],
    ['no JSON', 'cannot be read as JSON'],
  ])('%j is refused with exit code 1', async (content, reason) => {
    const { exitCode, err } = await bursar(NO_BOOKS, 'prices', 'check', await fileWith(content));
    expect(exitCode).toBe(1);
    expect(err).toContain(reason);
  });
});
