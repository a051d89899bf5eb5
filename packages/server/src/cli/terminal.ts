/** What the command line needs of the process around it, so that tests can be one. */
import type { DestinationStream } from 'pino';

/** The surroundings of one run. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where answers go. */
  out(text: string): void;
  /** Where problems go. */
  err(text: string): void;
  /** Where logs go. */
  readonly logs: DestinationStream;
  /** Calls `stop` when the process is asked to stop. Asked a second time, it ends at once. */
  onStop(stop: () => void): void;
  /** Tells a parent process, if there is one that listens, where the server is. */
  announce(url: string): void;
}
