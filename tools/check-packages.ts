/** Packs each public package as it would be published and lints the tarball with publint. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const packages = join(import.meta.dirname, '../packages');
let problems = 0;
for (const name of readdirSync(packages).toSorted()) {
  const pkgDir = join(packages, name);
  const manifest = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly private?: boolean;
  };
  if (manifest.private === true) continue;
  const { messages } = await publint({ pkgDir, pack: 'pnpm', strict: true });
  console.log(
    `${manifest.name}: ${messages.length === 0 ? 'packs well' : `${messages.length} problems`}`,
  );
  for (const message of messages) {
    console.error(
      `  ${formatMessage(message, manifest as Record<string, unknown>) ?? message.code}`,
    );
  }
  problems += messages.length;
}
if (problems > 0) process.exitCode = 1;
