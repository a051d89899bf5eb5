/** F12: every route of Anthropic's package has a decision, and none is free by accident. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { routeOf } from '../../src/anthropic/anthropic-routes.ts';

const ROOT = 'https://api.anthropic.com';

/** Every request that writes in the package's sources, ids filled in. */
function routesOfAnthropic(): string[] {
  const root = join(dirname(fileURLToPath(import.meta.resolve('@anthropic-ai/sdk'))), 'resources');
  const routes = new Set<string>();
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.mjs')) continue;
    const source = readFileSync(join(root, file), 'utf8');
    for (const [, method, path] of source.matchAll(
      /\._client\.(post|put|patch)\(\s*(?:path)?\s*['"`]([^'"`]+)['"`]/g,
    )) {
      const filled = (path ?? '').replaceAll(/\$\{[^}]+\}/g, 'id').replace(/\?.*$/, '');
      routes.add(`${method?.toUpperCase()} ${filled}`);
    }
  }
  return [...routes].toSorted();
}

test('exactly these routes of the package are metered or free, and every other is refused with a reason', () => {
  const routes = routesOfAnthropic();
  expect(routes.length).toBeGreaterThan(80);
  const decisions = routes.map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return [route, routeOf(method, ROOT + path)] as const;
  });
  const decided = (kind: string): string[] =>
    decisions.filter(([, decision]) => decision.kind === kind).map(([route]) => route);
  expect(decided('metered')).toEqual(['POST /v1/messages']);
  expect(decided('free')).toEqual([
    'POST /v1/files',
    'POST /v1/messages/batches/id/cancel',
    'POST /v1/messages/count_tokens',
  ]);
  const undecided = decisions.filter(
    ([, decision]) => decision.kind === 'refused' && decision.reason === 'undecided',
  );
  expect(undecided).toEqual([]);
});

test.each([
  ['GET', '/v1/models', 'free'],
  ['DELETE', '/v1/files/file_1', 'free'],
  ['POST', '/v1/messages?beta=true', 'metered'],
  ['POST', '/v1/complete', 'refused'],
  ['PUT', '/v1/messages', 'refused'],
  ['POST', '/v1/messages/batches', 'refused'],
] as const)('%s %s is %s', (method, path, kind) => {
  expect(routeOf(method, ROOT + path).kind).toBe(kind);
});
