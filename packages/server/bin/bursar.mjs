#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node cannot even parse what follows, and must say so in a sentence.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Bursar needs Node 22.18 or newer, and this is Node ${process.versions.node}. Install Node 24 and run this again.`,
  );
  process.exit(1);
}

// The workspace runs its TypeScript source; a published package has only what was built from it.
const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/src/main.js', import.meta.url);
await import(existsSync(source) ? source.href : built.href);
