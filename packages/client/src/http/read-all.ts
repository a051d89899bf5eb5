/** What arrived of a body, and why the rest did not. */
export interface ReadBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Present when the body broke off. */
  readonly failure?: { readonly error: unknown };
}

/** Reads `body` to its end, its failure, or the abort of `signal`. Never rejects. */
export async function readAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<ReadBody> {
  const reader = body.getReader();
  // A `fetch` of the caller's own may not listen to its signal.
  const hangUp = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', hangUp, { once: true });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
    }
    return signal.aborted
      ? { bytes: joined(parts), failure: { error: signal.reason } }
      : { bytes: joined(parts) };
  } catch (error) {
    return { bytes: joined(parts), failure: { error } };
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
