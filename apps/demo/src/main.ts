/** `pnpm demo`: reads what was asked for, does it, and says by the exit code whether the money adds up. */
import { join } from 'node:path';
import { ArgumentsInvalid, HELP, type Plan, readArguments } from './arguments.ts';
import { ChildFailed } from './processes/listening-child.ts';
import { Screen } from './terminal/screen.ts';
import { ForeignPolicies } from './story/policies.ts';
import { TraceFileError } from './trace/trace-file.ts';

/** Everything adds up; something does not, or did not work; the arguments were wrong; Ctrl-C. */
const EXIT = { clean: 0, failed: 1, misused: 2, interrupted: 130 } as const;

const screen = new Screen(process.stdout);
process.once('SIGINT', () => {
  screen.close({ keeps: true });
  process.exit(EXIT.interrupted);
});

async function run(args: readonly string[]): Promise<number> {
  let plan: Plan;
  try {
    plan = readArguments(args);
  } catch (error) {
    if (!(error instanceof ArgumentsInvalid)) throw error;
    process.stderr.write(`${error.message}\nSee: pnpm demo --help\n`);
    return EXIT.misused;
  }
  try {
    return await follow(plan);
  } catch (error) {
    screen.close();
    process.stderr.write(`${explained(error, plan)}\n`);
    return EXIT.failed;
  }
}

function explained(error: unknown, plan: Plan): string {
  const isSelfExplaining =
    error instanceof TraceFileError ||
    error instanceof ChildFailed ||
    error instanceof ForeignPolicies;
  if (isSelfExplaining) return error.message;
  const stack = String((error as Error).stack);
  return plan.kind === 'help'
    ? stack
    : `${stack}\nWhat the server said is in ${join(plan.dataDirectory, 'server.log')}. What was set aside ` +
        'ends by its deadline; the next run looks whether all is in order.';
}

/** Only what is asked for is loaded. */
async function follow(plan: Plan): Promise<number> {
  switch (plan.kind) {
    case 'help':
      screen.line(HELP);
      return EXIT.clean;
    case 'story': {
      const { runStory } = await import('./story/run-story.ts');
      return (await runStory(plan, screen)) ? EXIT.clean : EXIT.failed;
    }
    case 'trace': {
      const { runTrace } = await import('./trace/run-trace.ts');
      return (await runTrace(plan, screen)) ? EXIT.clean : EXIT.failed;
    }
  }
}

process.exitCode = await run(process.argv.slice(2));
screen.close();
// Waits for what was written, and then for nothing else: keep-alive connections would hold the process.
process.stdout.write('', () => process.exit());
