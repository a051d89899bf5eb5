/** A model's name that can be booked; providers may answer with anything. */
export function bookableModel(model: unknown): string | undefined {
  return typeof model === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/.test(model)
    ? model
    : undefined;
}
