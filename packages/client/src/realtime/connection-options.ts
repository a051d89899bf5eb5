/** How a connection is metered. */
import type { WrapOptions } from '../wrap-options.ts';

/** Who pays for the turns of a connection, and what happens when they do not go as usual. */
export interface ConnectionOptions extends Omit<
  WrapOptions,
  'onAbort' | 'drainMsMax' | 'clamp' | 'ownKey' | 'unitsHeader'
> {
  /** Whose price applies; by default the model that the connection was opened for. */
  readonly model?: string;
}
