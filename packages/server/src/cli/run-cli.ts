/** The command line: finds the command, and turns whatever happens into words and an exit code. */
import { isBursarError } from '@bursar/core';
import { ConfigInvalid } from '../config.ts';
import { redactText } from '../telemetry/redact.ts';
import { audit } from './audit.ts';
import { argumentsOf, type CliCommand, helpOf, UsageError } from './command.ts';
import { eventsDismiss, eventsList, eventsReplay } from './events.ts';
import { keysList, keysRenew, keysRevoke } from './keys.ts';
import { limitGet, limitSet } from './limit.ts';
import { migrate } from './migrate.ts';
import { policiesExplain, policiesPromotions, policiesPut, policiesShow } from './policies.ts';
import { pricesCheck, pricesDiff, pricesShow } from './prices.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { tokenCreate, tokenList, tokenRevoke } from './token.ts';
import { usage } from './usage.ts';

/** Every command, in the order of the help. */
const COMMANDS: readonly CliCommand[] = [
  serve,
  tokenCreate,
  tokenList,
  tokenRevoke,
  limitGet,
  limitSet,
  keysList,
  keysRevoke,
  keysRenew,
  usage,
  policiesShow,
  policiesPut,
  policiesExplain,
  policiesPromotions,
  pricesShow,
  pricesDiff,
  pricesCheck,
  audit,
  eventsList,
  eventsReplay,
  eventsDismiss,
  migrate,
];

/** Done; it did not work; the command line or the configuration was wrong. */
const EXIT = { done: 0, failed: 1, misused: 2 } as const;

/** Runs `words`, the arguments after `bursar`, and returns the exit code. Never rejects. */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  const command = COMMANDS.find(({ name }) => startsWith(words, name));
  const wantsHelp = words.includes('--help') || words.includes('-h') || words[0] === 'help';
  if (command === undefined) {
    if (wantsHelp) {
      terminal.out(generalHelp(words));
      return EXIT.done;
    }
    if (words.length > 0)
      terminal.err(`There is no command ${JSON.stringify(words.join(' '))}.\n\n`);
    terminal.err(generalHelp(words));
    return EXIT.misused;
  }
  if (wantsHelp) {
    terminal.out(helpOf(command));
    return EXIT.done;
  }
  try {
    const rest = words.slice(command.name.split(' ').length);
    return await command.run(argumentsOf(command, rest), terminal);
  } catch (error) {
    return explain(error, command, terminal);
  }
}

function explain(error: unknown, command: CliCommand, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.err(`${error.message}\n\n${helpOf(command)}`);
    return EXIT.misused;
  }
  if (error instanceof ConfigInvalid) {
    terminal.err(`${error.message}\n`);
    return EXIT.misused;
  }
  const { message, stack, code } = error as Error & { readonly code?: unknown };
  const isExpected = isBursarError(error) || typeof code === 'string';
  terminal.err(`${redactText(isExpected ? message : String(stack))}\n`);
  return EXIT.failed;
}

/** All commands, or those of one group (`token`). */
function generalHelp(words: readonly string[]): string {
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${words[0]} `));
  const shown = group.length > 0 ? group : COMMANDS;
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    'Bursar keeps the purse of an LLM product.',
    '',
    'usage: bursar COMMAND [options]',
    '',
    ...shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'bursar COMMAND --help tells more.',
    '',
  ].join('\n');
}

function startsWith(words: readonly string[], name: string): boolean {
  return name.split(' ').every((part, index) => words[index] === part);
}
