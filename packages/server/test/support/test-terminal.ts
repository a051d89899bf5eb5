/** A terminal that writes down what it is told, around the command line in this process. */
import { runCli } from '../../src/cli/run-cli.ts';

/** What one run of the command line did. */
export interface CliRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly logs: string;
}

/** Runs `bursar` with `words`. A server stops as soon as it has said where it is. */
export async function bursar(
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<CliRun> {
  let out = '';
  let err = '';
  let logs = '';
  let stop = (): void => {};
  const exitCode = await runCli(words, {
    environment,
    out: (text) => (out += text),
    err: (text) => (err += text),
    logs: { write: (line) => void (logs += line) },
    onStop: (ask) => (stop = ask),
    announce: () => stop(),
  });
  return { exitCode, out, err, logs };
}
