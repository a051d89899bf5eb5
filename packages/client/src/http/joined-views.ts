/** Bytes that were cut up to be looked at, handed on in as few pieces as they came. */

/**
 * The same bytes as `views` one after another, in as few views as possible: neighbours in a buffer become one, and
 * what is all of `chunk` becomes `chunk` itself. Copies nothing.
 */
export function joinedViews(
  views: readonly Uint8Array[],
  chunk: Uint8Array | undefined,
): readonly Uint8Array[] {
  const joined: Uint8Array[] = [];
  for (const view of views) {
    const last = joined.at(-1);
    if (last !== undefined && isAt(last, view, last.byteLength)) {
      const length = last.byteLength + view.byteLength;
      joined[joined.length - 1] = new Uint8Array(last.buffer, last.byteOffset, length);
    } else {
      joined.push(view);
    }
  }
  return joined.map((view) =>
    chunk !== undefined && view.byteLength === chunk.byteLength && isAt(view, chunk, 0)
      ? chunk
      : view,
  );
}

/** Whether `next` begins `distance` bytes after the beginning of `view`, in the same buffer. */
function isAt(view: Uint8Array, next: Uint8Array, distance: number): boolean {
  return view.buffer === next.buffer && view.byteOffset + distance === next.byteOffset;
}
