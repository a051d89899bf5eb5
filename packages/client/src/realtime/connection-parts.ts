/** What everything that meters one connection shares. */
import type { Bursar } from '../connect.ts';
import type { Runtime } from '../runtime.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Protocol } from './protocol.ts';

export interface ConnectionParts {
  readonly meter: Bursar['meter'];
  readonly options: ConnectionOptions;
  readonly protocol: Protocol;
  readonly runtime: Runtime;
}
