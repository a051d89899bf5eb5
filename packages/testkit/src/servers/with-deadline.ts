/**
 * Resolves as `promise` does, or rejects with `message()` after `deadlineMs`.
 *
 * The message is made at the deadline, so that it can quote a log that is still growing.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  deadlineMs: number,
  message: () => string,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(message())), deadlineMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
