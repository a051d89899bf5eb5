/** The circuit to the server, by a time that the test moves. */
import { BursarError } from '@bursar/core';
import { describe, expect, test } from 'vitest';
import { Circuit } from '../../src/unreachable/circuit.ts';
import { asUnheard } from '../../src/unreachable/unheard.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';

const silence = (): Promise<never> =>
  Promise.reject(asUnheard(new BursarError('store_timeout', { message: 'silence' })));
const refusal = (): Promise<never> =>
  Promise.reject(new BursarError('store_unavailable', { message: 'the stores are away' }));
const answer = (): Promise<string> => Promise.resolve('answer');
const codeOf = (result: Promise<unknown>): Promise<unknown> =>
  result.then(
    () => 'answered',
    (error: BursarError) => error.code,
  );

function openCircuit(failures = 0) {
  const runtime = new ManualRuntime();
  const circuit = new Circuit({ failuresMax: 3, openMs: 1_000 }, runtime);
  let tried = 0;
  const run = (send: () => Promise<unknown>): Promise<unknown> =>
    codeOf(
      circuit.run(() => {
        tried += 1;
        return send();
      }),
    );
  return {
    runtime,
    circuit,
    run,
    tried: () => tried,
    fail: async () => {
      for (let n = 0; n < failures; n += 1) await run(silence);
    },
  };
}

describe('a circuit', () => {
  test('opens after so many failures in a row, and then tries nothing', async () => {
    const { circuit, run, tried } = openCircuit();
    expect(await run(silence)).toBe('store_timeout');
    await run(silence);
    // One answer, and it counts anew.
    expect(await run(answer)).toBe('answered');
    for (let n = 0; n < 3; n += 1) {
      expect(circuit.isOpen).toBe(false);
      expect(await run(silence)).toBe('store_timeout');
    }
    expect(circuit.isOpen).toBe(true);
    expect(tried()).toBe(6);
    expect(await run(answer)).toBe('server_unreachable');
    expect(tried()).toBe(6);
  });

  test('stays closed for a server that answers that it cannot decide', async () => {
    const { circuit, run } = openCircuit();
    for (let n = 0; n < 10; n += 1) expect(await run(refusal)).toBe('store_unavailable');
    expect(circuit.isOpen).toBe(false);
  });

  test('counts what fails together as one failure', async () => {
    const { circuit, run } = openCircuit();
    await Promise.all(Array.from({ length: 50 }, () => run(silence)));
    expect(circuit.isOpen).toBe(false);
  });

  test('lets one probe through after the pause, whose answer closes it', async () => {
    const opened = openCircuit(3);
    const { runtime, circuit, run } = opened;
    await opened.fail();
    runtime.advance(999);
    expect(await run(answer)).toBe('server_unreachable');
    runtime.advance(1);
    let heard = 0;
    circuit.onClosed(() => (heard += 1));
    const probe = Promise.withResolvers<string>();
    const probing = run(() => probe.promise);
    expect(await run(answer)).toBe('server_unreachable');
    expect(circuit.isOpen).toBe(true);
    probe.resolve('answer');
    expect(await probing).toBe('answered');
    expect(circuit.isOpen).toBe(false);
    expect(heard).toBe(1);
    expect(await run(answer)).toBe('answered');
  });

  test('opens anew when the probe fails', async () => {
    const opened = openCircuit(3);
    await opened.fail();
    const { runtime, run, tried } = opened;
    runtime.advance(1_000);
    expect(await run(silence)).toBe('store_timeout');
    expect(await run(answer)).toBe('server_unreachable');
    expect(tried()).toBe(4);
    runtime.advance(1_000);
    expect(await run(answer)).toBe('answered');
  });

  test('is closed by whatever is heard of the server, and its pause does not outlive it', async () => {
    const opened = openCircuit(3);
    await opened.fail();
    const { runtime, circuit, run } = opened;
    expect(await codeOf(circuit.note(answer))).toBe('answered');
    expect(circuit.isOpen).toBe(false);
    expect(runtime.timers).toBe(0);
    expect(await run(answer)).toBe('answered');
  });

  test.each([
    ['failuresMax', { failuresMax: 0 }],
    ['openMs', { openMs: 1.5 }],
  ])('refuses a malformed %s', (field, options) => {
    expect(() => new Circuit(options, new ManualRuntime())).toThrow(`circuit.${field} must be`);
  });
});
