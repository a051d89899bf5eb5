/** `pnpm demo`: reads what was asked for, does it, and says by the exit code whether the money adds up. */
import { ArgumentsInvalid, HELP, type Plan, readArguments } from './arguments.ts';
import { ChildFailed } from './processes/listening-child.ts';
import { Screen } from './terminal/screen.ts';
import { TraceFileError } from './trace/trace-file.ts';

/** Everything adds up; something does not, or did not work; the arguments were wrong; Ctrl-C. */
const EXIT = { clean: 0, failed: 1, misused: 2, interrupted: 130 } as const;

const screen = new Screen(process.stdout);
process.once('SIGINT', () => {
  screen.close({ keeps: true });
  process.exit(EXIT.interrupted);
});

async function run(args: readonly string[]): Promise<number> {
  try {
    return await follow(readArguments(args));
  } catch (error) {
    screen.close();
    if (error instanceof ArgumentsInvalid) {
      process.stderr.write(`${error.message}\nSee: pnpm demo --help\n`);
      return EXIT.misused;
    }
    const isExplained = error instanceof TraceFileError || error instanceof ChildFailed;
    process.stderr.write(`${isExplained ? error.message : String((error as Error).stack)}\n`);
    return EXIT.failed;
  }
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
