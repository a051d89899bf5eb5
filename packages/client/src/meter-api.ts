/**
 * The port that everything which meters is written against: four commands around a call to a model. Whether
 * a server answers over HTTP or in this process makes no difference to anything above.
 */
import type {
  ExtendInput,
  ExtendOutput,
  ReleaseInput,
  ReleaseOutput,
  ReserveInput,
  ReserveOutput,
  SettleInput,
  SettleOutput,
} from '@bursar/api';

/**
 * Every method may be repeated with the same reservation and is applied once. They throw `BursarError` and
 * nothing else; a refused reservation is an answer, not an error.
 */
export interface MeterApi {
  /** Sets aside what a call may cost, or says why not. */
  reserve(input: ReserveInput): Promise<ReserveOutput>;
  /** Keeps a reservation alive, marks its call as dispatched, sets more aside. */
  extend(input: ExtendInput): Promise<ExtendOutput>;
  /** Books what the call did cost. Accepted late, over the limit and twice. */
  settle(input: SettleInput): Promise<SettleOutput>;
  /** Gives back what was set aside for a call that did not happen. */
  release(input: ReleaseInput): Promise<ReleaseOutput>;
}
