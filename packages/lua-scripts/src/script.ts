/**
 * What a script expects, and how a call with named parts becomes the positions that Redis counts.
 *
 * The descriptors are made from the headers of `lua/*.lua` by tools/build-lua.ts. Nobody else counts KEYS.
 */

/** A script: its text without the first lines, which the driver adds, and its parts in order. */
export interface Script<
  Key extends string = string,
  KeyList extends string = string,
  Argument extends string = string,
> {
  readonly name: string;
  /** One key each. */
  readonly keys: readonly Key[];
  /** After them, any number of keys. */
  readonly keyLists: readonly KeyList[];
  /** One argument each. */
  readonly arguments: readonly Argument[];
  /** Lua 5.1, to be preceded by `#!lua` with its flags, and `local INC = '…'` where it has a fence. */
  readonly text: string;
}

/** The named parts of one call. */
export interface ScriptCall<Key extends string, KeyList extends string, Argument extends string> {
  readonly keys: { readonly [K in Key]: string };
  readonly keyLists: { readonly [K in KeyList]: readonly string[] };
  readonly arguments: { readonly [A in Argument]: string };
}

/** KEYS and ARGV of a call. */
export interface EncodedCall {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** Puts the parts of a call in the order in which the script reads them. */
export function encodeCall<Key extends string, KeyList extends string, Argument extends string>(
  script: Script<Key, KeyList, Argument>,
  call: ScriptCall<Key, KeyList, Argument>,
): EncodedCall {
  const keys = script.keys.map((name) => call.keys[name]);
  for (const name of script.keyLists) keys.push(...call.keyLists[name]);
  const values = script.arguments.map((name) => call.arguments[name]);
  return { keys, values };
}
