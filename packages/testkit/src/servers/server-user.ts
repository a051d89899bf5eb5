/**
 * The user that test servers run as.
 *
 * PostgreSQL refuses to run as root, and containers and CI often are root; the server then runs as `nobody`.
 */
import { readFileSync } from 'node:fs';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Linux's customary ids of `nobody`, for images without a line for it. */
const NOBODY: ServerUser = { uid: 65534, gid: 65534 };

/** The user to switch to, or `undefined` when the server can run as the user of this process. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line === null ? NOBODY : { uid: Number(line[1]), gid: Number(line[2]) };
}
