/** `bursar policies …`: the rules of the installation, and why a call is subject to them. */
import { userInfo } from 'node:os';
import {
  type ListPromotionsOutput,
  type PolicyProblem,
  PROMOTIONS_PAGE_MAX,
  type PromotionView,
} from '@bursar/api';
import { readJsonFile } from '../prices-file.ts';
import { type CliCommand, UsageError } from './command.ts';
import { withLedger } from './from-config.ts';
import type { Terminal } from './terminal.ts';

const JSON_OPTION = { help: 'as JSON' } as const;

export const policiesShow: CliCommand = {
  name: 'policies show',
  summary: 'Shows the policies in force as JSON, to be changed and put again.',
  options: { history: { help: 'who put which version instead, newest first' } },
  async run({ history }, terminal) {
    return withLedger(terminal, async (bursar) => {
      const shown = await bursar.caller({ tenant: 'default' }).policies.get();
      if (history === 'true') {
        for (const { version, putAt, putBy, note } of shown.history) {
          terminal.out(`${[version, putAt, putBy, note ?? ''].join('\t')}\n`);
        }
        return 0;
      }
      terminal.out(`${JSON.stringify(shown.document, null, 2)}\n`);
      printProblems(shown.problems, terminal);
      return 0;
    });
  },
};

export const policiesPut: CliCommand = {
  name: 'policies put',
  summary: 'Puts the policies of a file in force, on every server within a second.',
  operand: {
    name: 'FILE',
    help: 'JSON as `bursar policies show` prints it, with a higher version',
  },
  options: {
    note: { value: 'TEXT', help: 'why, for the history' },
    expected: {
      value: 'VERSION',
      help: 'the version that the file was made from; refused if another is in force',
      required: true,
    },
  },
  async run({ FILE: path = '', note, expected = '' }, terminal) {
    const expectedVersion = Number(expected);
    if (!/^[0-9]{1,15}$/.test(expected)) {
      throw new UsageError('--expected must be a version, a whole number.');
    }
    const document = (await readJsonFile(path, 'FILE')) as Record<string, unknown>;
    return withLedger(terminal, async (bursar) => {
      const { version, problems } = await bursar
        .caller({ tenant: 'default', tokenId: `cli:${loginName()}` })
        .policies.put({ document, expectedVersion, ...(note === undefined ? {} : { note }) });
      terminal.out(`version ${version} is in force\n`);
      printProblems(problems, terminal);
      return 0;
    });
  },
};

export const policiesExplain: CliCommand = {
  name: 'policies explain',
  summary: 'Shows each rule that was considered for a call, and which of them count.',
  options: {
    user: { value: 'USER', help: 'who calls' },
    model: { value: 'MODEL', help: 'the model that is called' },
    scopes: { value: 'JSON', help: 'what else it is about, e.g. {"team":["growth"]}' },
    at: { value: 'TIME', help: 'when, ISO 8601 (default: now)' },
    tenant: { value: 'TENANT', help: 'the tenant of the caller', default: 'default' },
    json: JSON_OPTION,
  },
  async run({ user, model, scopes, at, tenant = '', json }, terminal) {
    const input = {
      ...(user === undefined ? {} : { user }),
      ...(model === undefined ? {} : { model }),
      ...(scopes === undefined ? {} : { scopes: scopesOf(scopes) }),
      ...(at === undefined ? {} : { at }),
    };
    return withLedger(terminal, async (bursar) => {
      const explained = await bursar.caller({ tenant }).policies.explain(input);
      if (json === 'true') {
        terminal.out(`${JSON.stringify(explained, null, 2)}\n`);
        return 0;
      }
      terminal.out(`policies ${explained.version} at ${explained.at}\n`);
      for (const { subject, applies, outcome, rules } of explained.explanations) {
        terminal.out(`${subject}: ${outcome}${applies ? '' : ' (does not apply)'}\n`);
        for (const { line } of rules) terminal.out(`  ${line}\n`);
      }
      return 0;
    });
  },
};

export const policiesPromotions: CliCommand = {
  name: 'policies promotions',
  summary:
    'Shows who is to be promoted: tenant, scope, plan, where to, when, spent, since. Moves nobody.',
  options: { json: { help: 'as JSON, one scope a line' } },
  async run({ json }, terminal) {
    return withLedger(terminal, async (bursar) => {
      const { policies } = bursar.caller({ tenant: 'default' });
      for (let from: number | null = 0; from !== null;) {
        const page: ListPromotionsOutput = await policies.promotions({
          from,
          limit: PROMOTIONS_PAGE_MAX,
        });
        for (const view of page.promotions) {
          terminal.out(`${json === 'true' ? JSON.stringify(view) : promotionLine(view)}\n`);
        }
        from = page.next;
      }
      return 0;
    });
  },
};

function promotionLine(view: PromotionView): string {
  const { tenant, scope, plan, dueTo, nextAt, spentUsd, since } = view;
  const [to, when] = dueTo === null ? ['-', nextAt ?? '-'] : [dueTo, 'now'];
  const name = `${scope.kind}:${scope.name}`;
  return [tenant, name, plan, to, when, `$${spentUsd}`, since ?? '-'].join('\t');
}

function scopesOf(text: string): Record<string, string | string[]> {
  try {
    return JSON.parse(text) as Record<string, string | string[]>;
  } catch {
    throw new UsageError('--scopes must be JSON, e.g. {"team":["growth"]}.');
  }
}

function printProblems(problems: readonly PolicyProblem[], terminal: Terminal): void {
  for (const { record, message } of problems) terminal.err(`${record} ${message}.\n`);
}

/** Who ran the command, for the history. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as in some containers.
    return 'unknown';
  }
}
