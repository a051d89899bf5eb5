/**
 * Finds a luacheck, which looks for mistakes in Lua.
 *
 * It is itself written in Lua: an unpacked package has its modules and libraries in folders named after the
 * versions of Lua that they are for, and runs under an interpreter of the same version, which is unpacked
 * beside it unless the machine has one.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { environmentIn } from './distribution-package.ts';
import { findTool, type FoundTool, pathFolders, type Place, type Tool } from './tool.ts';

const LUACHECK: Tool = {
  what: 'luacheck',
  variable: 'BURSAR_LUACHECK',
  programs: ['luacheck'],
  install: 'apt install lua-check, brew install luacheck, luarocks install luacheck',
  package: { name: 'lua-check', cacheName: 'luacheck' },
  placesIn,
  versionIn: (answer) => /^Luacheck: (\d\S*)/m.exec(answer)?.[1],
};

/** See `findTool`. Throws an error that says how to get luacheck, when none runs. */
export function findLuacheck(): Promise<FoundTool> {
  return findTool(LUACHECK);
}

function placesIn(root: string): Place[] {
  const modules = join(root, 'usr/share/lua');
  if (!existsSync(modules)) return [];
  return readdirSync(modules)
    .filter((version) => existsSync(join(modules, version, 'luacheck')))
    .flatMap((version) => {
      const env = luaEnvironmentIn(root, version);
      return [join(root, 'usr/bin'), ...pathFolders()]
        .map((folder) => join(folder, `lua${version}`))
        .filter((file) => existsSync(file))
        .map((file) => ({ file, args: [join(root, 'usr/bin/luacheck')], env }));
    });
}

/** Where Lua looks for modules; `;;` stands for where it looks anyway, for those that are installed. */
function luaEnvironmentIn(root: string, version: string): NodeJS.ProcessEnv {
  const modules = join(root, 'usr/share/lua', version);
  const libraries = join(root, 'usr/lib');
  const folders = existsSync(libraries) ? ['', ...readdirSync(libraries)] : [];
  return {
    ...environmentIn(root),
    LUA_PATH: `${join(modules, '?.lua')};${join(modules, '?/init.lua')};;`,
    LUA_CPATH: `${folders.map((name) => join(libraries, name, 'lua', version, '?.so')).join(';')};;`,
  };
}
