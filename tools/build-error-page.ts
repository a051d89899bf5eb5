/** Writes docs/errors.md from core's table of codes; `--check` fails instead if the page is out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_MEANINGS } from '../packages/core/src/error-meanings.ts';
import { ERROR_CODES, type ErrorCode } from '../packages/core/src/errors.ts';

const path = join(import.meta.dirname, '../docs/errors.md');
const rows = Object.entries(ERROR_CODES).map(
  ([code, { status, retryable }]) =>
    `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${ERROR_MEANINGS[code as ErrorCode]} |`,
);
const page = `<!-- Made by tools/build-error-page.ts from packages/core/src/errors.ts and error-meanings.ts. -->

# Errors

A refused reservation is not an error but a decision: \`meter.reserve\` answers \`decision: "denied"\` with HTTP 200, and the wrapped
OpenAI client throws its own \`APIError\`, which \`isDenied\` recognises; [denials.md](denials.md) has the reasons. Errors are what the
caller did wrong, or what went wrong. Each carries a \`code\` from this table, a message that names the problem and the fix, and the \`field\` at fault
if there is one. Codes are stable; new ones are added at the end of their kind. "Retry": whether the same call, unchanged,
can succeed later. Every command may be repeated with the same id without being applied twice.

| Code | HTTP | Retry | Meaning |
|---|---|---|---|
${rows.join('\n')}
`;
if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (readFileSync(path, 'utf8') !== page) {
  console.error('docs/errors.md is out of date. Fix: pnpm build:errors');
  process.exitCode = 1;
}
