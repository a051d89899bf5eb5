/** The wall clock and the timers of this machine: the only place where the server reads either. */
import { type Clock, instant, type InstantMs } from '@bursar/core';
import type { Timers } from './timers.ts';

/** This machine's time. Its timers do not keep the process alive. */
export const systemClock: Clock & Timers = {
  nowMs(): InstantMs {
    return instant(Date.now());
  },
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
