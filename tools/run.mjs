// Every script of this workspace starts here: it checks the Node version in plain JavaScript (an old
// Node cannot even parse what follows) and then runs the TypeScript file named by its first argument.
import { pathToFileURL } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Bursar needs Node 22.18 or newer, and this is Node ${process.versions.node}.\n` +
      'The workspace normally brings Node 24 along as the package "node"; it seems its install did not run.\n' +
      'Fix: run `npx -y pnpm@12 install` with access to the npm registry, or install Node 24 and run this again.',
  );
  process.exit(1);
}

const [, , target, ...args] = process.argv;
if (target === undefined) {
  console.error('usage: node tools/run.mjs FILE.ts [argument ...]');
  process.exit(2);
}
process.argv = [process.argv[0], target, ...args];
await import(pathToFileURL(target).href);
