/** The routes that the installed openai package can call, read from its sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Every POST in the package's sources, ids filled in. */
export function routesOfOpenAi(): string[] {
  const root = dirname(fileURLToPath(import.meta.resolve('openai')));
  const files = ['resources', 'lib'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .map((file) => join(root, folder, file)),
  );
  const routes = new Set<string>();
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    for (const [, path] of source.matchAll(
      /\.post\(\s*(?:\(0, \w+\.path\)\s*)?['"`]([^'"`]+)['"`]/g,
    )) {
      routes.add((path ?? '').replaceAll(/\$\{[^}]+\}/g, 'id').replace(/\?.*$/, ''));
    }
  }
  return [...routes].toSorted();
}
