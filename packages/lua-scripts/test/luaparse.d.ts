/** The part of luaparse that the checker uses; the package has no types. */
declare module 'luaparse' {
  const luaparse: {
    parse(text: string, options: { luaVersion: '5.1'; comments: boolean }): object;
  };
  export default luaparse;
}
