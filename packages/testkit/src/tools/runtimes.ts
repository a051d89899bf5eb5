/**
 * Runtimes other than Node, in which the client has to work. Together they are 350 MB, and so they are fetched
 * by the tests that need them and not installed for everybody.
 */
import { join } from 'node:path';
import type { RegistryPackage } from './registry-package.ts';
import { findTool, type FoundTool, type Tool } from './tool.ts';

/** A runtime: `workerd` is that of Cloudflare's Workers. */
export type RuntimeName = 'workerd' | 'bun' | 'deno';

const WORKERD: RegistryPackage = {
  version: '1.20261117.1',
  cacheName: 'workerd',
  platforms: {
    'linux-x64': [
      '@cloudflare/workerd-linux-64',
      'sha512-gZLA8X11m/luZwn+YA3+mDu61vdxNJzpksP/QZqjydKTQ+VUCulsK5gtn9Bqst1p3KJu2kafQpJ1nDQv4B23jA==',
    ],
    'linux-arm64': [
      '@cloudflare/workerd-linux-arm64',
      'sha512-gxWngFojq41ULKNKb9rpWYvKotN5hT2I/xot+Bpy31cXzrwcTgtDLSMb2t75sW5BJxH7hihFvikgYb577kB3Zg==',
    ],
    'darwin-arm64': [
      '@cloudflare/workerd-darwin-arm64',
      'sha512-cInx5Cr9O27oW+ujyI49lTRQZra/lMgWUFiKmGY3jxDncATSxzfQ6udXHkVvK4//1/PfxQTDyMjdQUIN8m6Aqg==',
    ],
    'darwin-x64': [
      '@cloudflare/workerd-darwin-64',
      'sha512-qfAYw6iPoey0BmPsp4z5ARWOa+XSBD3gQzmcBI2ql9pKTSA5eEC8F1oI6BIk/FVguhomfSn5gS4RzbWhTd/EpQ==',
    ],
  },
};

const BUN: RegistryPackage = {
  version: '1.4.5',
  cacheName: 'bun',
  platforms: {
    'linux-x64': [
      '@oven/bun-linux-x64',
      'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
    ],
    'linux-arm64': [
      '@oven/bun-linux-aarch64',
      'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
    ],
    'darwin-arm64': [
      '@oven/bun-darwin-aarch64',
      'sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==',
    ],
    'darwin-x64': [
      '@oven/bun-darwin-x64',
      'sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==',
    ],
  },
};

const DENO: RegistryPackage = {
  version: '2.9.6',
  cacheName: 'deno',
  platforms: {
    'linux-x64': [
      '@deno/linux-x64-glibc',
      'sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
    ],
    'linux-arm64': [
      '@deno/linux-arm64-glibc',
      'sha512-poqhoH9B3nYloigEMPT5t8HY+wBeiuea1An5Q7fqgJzP0SYmWsoS/oUnWO/pEiA4ofzIBy1Elt/in58xKtxEoQ==',
    ],
    'darwin-arm64': [
      '@deno/darwin-arm64',
      'sha512-V8uO1Aolrl/yvdMb5lOtgtigs8YuZBjrOrgviVMiYkQ0swymFfzkae1wZak4Xi24t7vf7d/eiMb/7ryjjVm+tg==',
    ],
    'darwin-x64': [
      '@deno/darwin-x64',
      'sha512-tPi3CWPRdjW1MaWlvWjORE7Ass5SADdWdj1BF1Q1PEdzi+5u/mC5YhmZzniMiPr81PpaFeqjXaLAsfb8lFsZ0Q==',
    ],
  },
};

const RUNTIMES: Readonly<Record<RuntimeName, Tool>> = {
  workerd: {
    what: 'workerd',
    variable: 'BURSAR_WORKERD',
    programs: ['workerd'],
    install: 'npm install --global workerd',
    package: WORKERD,
    placesIn: (root) => [{ file: join(root, 'bin/workerd'), args: [], env: process.env }],
    versionIn: (answer) => /^workerd (\d{4}-\S+)/m.exec(answer)?.[1],
  },
  bun: {
    what: 'Bun 1.2 or newer',
    variable: 'BURSAR_BUN',
    programs: ['bun'],
    install: 'npm install --global bun',
    package: BUN,
    placesIn: (root) => [{ file: join(root, 'bin/bun'), args: [], env: process.env }],
    versionIn: (answer) => /^(?:1\.(?:[2-9]|\d\d)|[2-9]\d*\.\d+)\.\S+/.exec(answer)?.[0],
  },
  deno: {
    what: 'Deno 2',
    variable: 'BURSAR_DENO',
    programs: ['deno'],
    install: 'npm install --global deno',
    package: DENO,
    placesIn: (root) => [{ file: join(root, 'deno'), args: [], env: process.env }],
    versionIn: (answer) => /^deno ([2-9]\d*\.\S+)/m.exec(answer)?.[1],
  },
};

/** See `findTool`. Throws an error that says how to get the runtime, when none runs. */
export function findRuntime(name: RuntimeName): Promise<FoundTool> {
  return findTool(RUNTIMES[name]);
}
