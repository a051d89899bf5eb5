/** Redaction: secrets do not reach a log, by name, by looks, or because they are known. */
import { describe, expect, it } from 'vitest';
import { createLog, type Log } from '../../src/telemetry/logger.ts';

/** Written somewhere in each entry below, and never to be found in what is logged. */
const CANARIES = {
  serviceToken: `bk_live_0123456789abcdef_${'c'.repeat(43)}`,
  providerKey: 'sk-proj-canary_0123456789abcdefghij',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ',
  bearer: 'opaque-canary-of-somebody',
  password: 'canary-password',
  known: 'the bootstrap token, which looks like nothing',
} as const;

function logged(write: (log: Log) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLog({ level: 'trace', destination, secrets: [CANARIES.known] }));
  return lines.join('');
}

function expectNoCanary(text: string): void {
  for (const canary of Object.values(CANARIES)) expect(text).not.toContain(canary);
}

describe('a field', () => {
  it.each([
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'password',
    'clientSecret',
    'apiKey',
    'api_key',
    'x-api-key',
    'privateKey',
    'bootstrapToken',
    'token',
    'credentials',
  ])('called "%s" is not shown, at any depth', (name) => {
    const fields = { a: { b: [{ [name]: 'plain-canary' }] }, [name]: { deep: 'plain-canary' } };
    const text = logged((log) => log.info(fields, 'x'));
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('plain-canary');
  });

  it.each(['inputTokens', 'outputTokensMax', 'tokenId', 'procedure', 'field'])(
    'called "%s" is shown',
    (name) => {
      expect(logged((log) => log.info({ [name]: 'plain-value' }, 'x'))).toContain('plain-value');
    },
  );
});

describe('a secret', () => {
  const everywhere = [
    CANARIES.serviceToken,
    `key ${CANARIES.providerKey}.`,
    `(${CANARIES.jwt})`,
    `Authorization: Bearer ${CANARIES.bearer}`,
    `postgres://bursar:${CANARIES.password}@db.example/bursar`,
    `it is ${CANARIES.known}!`,
  ];

  it.each(everywhere)('in a message is not shown: %s', (text) => {
    expectNoCanary(logged((log) => log.warn({}, text)));
  });

  it.each(everywhere)(
    'in a value, a key, an error, its cause or its stack is not shown',
    (text) => {
      const error = new Error(`outer ${text}`, { cause: new Error(`inner ${text}`) });
      Object.assign(error, { details: { text } });
      expectNoCanary(
        logged((log) => log.error({ plain: text, list: [text], [text]: 1, error }, 'x')),
      );
    },
  );

  it('is not shown while everything around it is', () => {
    const text = logged((log) =>
      log.info({ url: `postgres://bursar:${CANARIES.password}@db.example/bursar` }, 'opened'),
    );
    expect(JSON.parse(text)).toMatchObject({
      level: 'info',
      url: 'postgres://bursar:[redacted]@db.example/bursar',
      msg: 'opened',
    });
  });
});

describe('an entry', () => {
  it('is bounded, however deep, wide or circular its fields are', () => {
    interface Circle {
      self?: Circle;
    }
    const circle: Circle = {};
    circle.self = circle;
    const wide = Array.from({ length: 10_000 }, (_none, index) => index);
    const text = logged((log) => log.info({ circle, wide, big: 10n }, 'x'));
    expect(text.length).toBeLessThan(2_000);
    expect(JSON.parse(text)).toMatchObject({ big: '10' });
  });
});
