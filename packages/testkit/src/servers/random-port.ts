/** Where test servers and proxies listen. */
import { randomInt } from 'node:crypto';

/**
 * A port below the ranges from which systems take a port for outgoing connections (32768 on Linux, 49152 on
 * macOS): a client that retries while the server is down could otherwise be given the server's own port,
 * connect to itself, and keep the server from coming back. It may be taken; the caller then asks again.
 */
export function randomPort(): number {
  return randomInt(20_000, 30_000);
}
