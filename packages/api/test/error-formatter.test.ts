import { BursarError, ERROR_CODES, type ErrorCode } from '@bursar/core';
import { TRPCError } from '@trpc/server';
import { describe, expect, it } from 'vitest';
import { errorData, toBursarError } from '../src/error-formatter.ts';

describe('errors on the wire', () => {
  it('have the status and retryability of the table, for every code', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { status, retryable } = ERROR_CODES[code];
      expect(errorData(new BursarError(code, { message: 'x' }))).toEqual({
        code,
        httpStatus: status,
        retryable,
      });
    }
  });

  it('show nothing of an unexpected error', () => {
    const bug = new Error('secret path /home/x and bk_live_secret');
    for (const error of [
      bug,
      new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: bug }),
      'text',
      null,
    ]) {
      const shown = toBursarError(error);
      expect(shown.code).toBe('invariant_violated');
      expect(JSON.stringify([shown.message, errorData(shown)])).not.toContain('secret');
    }
  });

  it('keep the field and the time to wait', () => {
    const error = new BursarError('too_many_requests', {
      message: 'x',
      field: 'user',
      retryAfterMs: 5,
    });
    expect(errorData(toBursarError(error))).toMatchObject({ field: 'user', retryAfterMs: 5 });
  });
});
