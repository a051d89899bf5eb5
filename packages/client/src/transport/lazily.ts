/** An iteration whose source is loaded when somebody begins to read it. */

/** Reads what `make` makes, which is called at the first `next()`, and never if nobody reads. */
export function lazily<Item>(
  make: () => Promise<AsyncIterableIterator<Item>>,
): AsyncIterableIterator<Item> {
  let made: Promise<AsyncIterableIterator<Item>> | undefined;
  let isOver = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => {
      if (isOver && made === undefined) return { done: true, value: undefined };
      made ??= make();
      return await (await made).next();
    },
    return: async () => {
      isOver = true;
      const iteration = await made;
      return (await iteration?.return?.()) ?? { done: true, value: undefined };
    },
  };
}
