/** Parts for tests: suites, the model's steps, the auditor, a clock. Private to this workspace. */
export { Auditor } from './audit/auditor.ts';
export { exerciseAuthority } from './conformance/authority.ts';
export type { AuthorityUnderTest } from './conformance/authority-under-test.ts';
export { exerciseTier } from './conformance/exercise-tier.ts';
export { everyLimiter } from './conformance/rates.ts';
export { commandOf, steps } from './conformance/model.ts';
export { DEFAULT_LIMIT, type TierUnderTest } from './conformance/tier-under-test.ts';
export { ManualClock, MID_NOVEMBER } from './manual-clock.ts';
export { freshTenant, TestPurse } from './test-purse.ts';
export { type PostgresServer, startPostgres } from './servers/postgres-server.ts';
export { AuthorityBooks, type KeptCorrection } from './simulation/authority-books.ts';
export { type AuthoritySnapshot, MemoryAuthority } from './simulation/memory-authority.ts';
export { type FaultProxy, startFaultProxy } from './servers/fault-proxy.ts';
export { type RedisAddress, type RedisReply, RedisReplyError } from './servers/redis-command.ts';
export {
  type RedisOptions,
  type RedisServer,
  type RedisSnapshot,
  startRedis,
  startReplicaOf,
} from './servers/redis-server.ts';
export { type RedisCluster, startRedisCluster } from './servers/redis-cluster.ts';
export { findLuacheck } from './tools/luacheck.ts';
export { findRuntime, type RuntimeName } from './tools/runtimes.ts';
export type { FoundTool } from './tools/tool.ts';
