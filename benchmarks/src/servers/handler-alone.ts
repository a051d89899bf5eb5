/** Our HTTP server with nothing behind it: every call is answered at once, so that what is left is the transport. */
import { systemClock } from '../../../packages/server/src/clock/system-clock.ts';
import { HttpServer } from '../../../packages/server/src/http/http-server.ts';
import { OpenStreams } from '../../../packages/server/src/http/open-streams.ts';
import { Readiness } from '../../../packages/server/src/http/readiness.ts';
import { directMode } from '../../../packages/server/src/modes/mode.ts';
import { failureNoter } from '../../../packages/server/src/telemetry/error-reporter.ts';
import { SILENT_LOG } from '../../../packages/server/src/telemetry/logger.ts';
import { FailedSignIns } from '../../../packages/server/src/tokens/failed-sign-ins.ts';
import { MemoryTokenStore } from '../../../packages/server/src/tokens/memory-token-store.ts';
import { SignIn } from '../../../packages/server/src/tokens/sign-in.ts';
import { TokenVerifier } from '../../../packages/server/src/tokens/token-verifier.ts';
import { agreeableService } from '../subjects/agreeable-service.ts';

/** The server, which knows `bootstrapToken`. */
export function handlerAlone(bootstrapToken: string): HttpServer {
  const time = systemClock;
  const tier = { name: 'none', nowMs: async () => time.nowMs() };
  const verifier = new TokenVerifier({
    store: new MemoryTokenStore(),
    clock: time,
    bootstrapToken,
  });
  const signIn = new SignIn(verifier, new FailedSignIns(time), SILENT_LOG);
  const newErrorId = (): string => 'bench';
  return new HttpServer({
    service: agreeableService(),
    signIn,
    readiness: new Readiness({ tier, isCurrent: async () => true, modes: directMode(time), time }),
    streams: new OpenStreams({
      timers: time,
      isStillGood: (authorization) => signIn.isStillGood(authorization),
      log: SILENT_LOG,
    }),
    clock: time,
    log: SILENT_LOG,
    newErrorId,
    noteFailure: failureNoter(SILENT_LOG, newErrorId),
    timers: time,
  });
}
