/** Structured logs: one line of JSON for each event, redacted as a whole before it leaves. */
import { type DestinationStream, type LevelWithSilent, pino } from 'pino';
import { redactFields, redactText } from './redact.ts';

/** How much is logged, from everything to nothing. */
export const LOG_LEVELS = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] as const satisfies readonly LevelWithSilent[];

/** One of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What Bursar needs of a logger: fields first, then one sentence. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log that drops everything. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A log that writes to `destination`. `secrets` are texts that must not appear whatever they look like. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly destination: DestinationStream;
  readonly secrets?: readonly string[];
}): Log {
  return pino(
    {
      level: options.level,
      base: { name: 'bursar' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactFields(fields) as Record<string, unknown>,
      },
    },
    { write: (line) => options.destination.write(redactText(line, options.secrets)) },
  );
}
