/** The routes that the installed openai packages can call, read from their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The versions of the package that have to work. */
export const OPENAI_PACKAGES = ['openai', 'openai-6'] as const;

/** Every request that writes in a package's sources, such as `POST /files`, ids filled in. */
export function routesOfOpenAi(name: (typeof OPENAI_PACKAGES)[number] = 'openai'): string[] {
  const root = dirname(fileURLToPath(import.meta.resolve(name)));
  const files = ['resources', 'lib'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .map((file) => join(root, folder, file)),
  );
  const routes = new Set<string>();
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    for (const [, method = '', path = ''] of source.matchAll(
      /\.(post|put|patch)\(\s*(?:\(0, \w+\.path\)\s*)?['"`]([^'"`]+)['"`]/g,
    )) {
      const filled = path.replaceAll(/\$\{[^}]+\}/g, 'id').replace(/\?.*$/, '');
      routes.add(`${method.toUpperCase()} ${filled}`);
    }
  }
  return [...routes].toSorted();
}
