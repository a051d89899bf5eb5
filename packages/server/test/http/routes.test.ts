/** Which requests reach a procedure at all, and what the others get. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf } from '../support/test-service.ts';
import {
  ask,
  authorization,
  BOOTSTRAP_TOKEN,
  startTestServer,
  type TestServer,
} from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ logLevel: 'silent' });
});

afterAll(() => server.bursar.close());

/** Sends `path` and `headers` exactly as they are, which `fetch` would not. */
function send(options: {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}): Promise<{
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
}> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        method: options.method ?? 'GET',
        path: options.path,
        headers: { ...authorization(BOOTSTRAP_TOKEN), ...options.headers },
        agent: false,
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => {
          const { error } = (text === '' ? {} : JSON.parse(text)) as {
            error?: { data: { code: string; field?: string } };
          };
          const status = response.statusCode ?? 0;
          resolve({ status, code: error?.data.code ?? 'ok', field: error?.data.field });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const QUERY = `input=${encodeURIComponent(JSON.stringify({ user: 'alice' }))}`;

describe('a path', () => {
  it.each([
    '/',
    '/trpc',
    '/trpc/',
    '/usage.current',
    '/healthz/',
    '/healthz/x',
    '/HEALTHZ',
    '/metrics',
    '//evil/trpc/usage.current',
    '/trpc//usage.current',
    '/trpc/usage.nothing',
    '/trpc/__proto__',
    '/trpc/constructor.name',
    '/trpc/usage.current/x',
    '/trpc/..%2fusage.current',
    '/trpc/%',
    '/%00',
    'http://evil/trpc/usage.current',
    '*',
  ])('"%s" is nothing that the server has', async (path) => {
    const answer = await send({ path: path === '*' ? '*' : `${path}?${QUERY}` });
    expect(answer).toMatchObject({ status: 404, code: 'route_not_found' });
  });

  it('is decided after parsing, whatever the Host header says', async () => {
    for (const host of ['evil', 'evil/healthz', 'a b', '[::', 'evil:99999', '']) {
      expect(await send({ path: `/trpc/usage.current?${QUERY}`, headers: { host } })).toMatchObject(
        {
          status: 200,
        },
      );
    }
    expect(await send({ path: `/healthz/../trpc/usage.current?${QUERY}` })).toMatchObject({
      status: 200,
      code: 'ok',
    });
  });
});

describe('a method', () => {
  it('that changes things is not accepted as GET, nor one that reads as POST', async () => {
    const input = encodeURIComponent(JSON.stringify({ user: 'alice', limitUsd: '9' }));
    const asGet = await send({ path: `/trpc/limits.set?input=${input}` });
    expect(asGet).toMatchObject({ status: 404, code: 'route_not_found' });
    const asPost = await server.post('usage.current', { user: 'alice' });
    expect(asPost.body.error?.data.code).toBe('route_not_found');
    const { body } = await server.get('limits.get', { user: 'alice' });
    expect(body.result?.data).toMatchObject({ source: 'default' });
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
    '%s is not one of ours',
    async (method) => {
      const answer = await send({ method, path: `/trpc/usage.current?${QUERY}` });
      expect(answer).toMatchObject({ status: 404, code: 'route_not_found' });
    },
  );

  it('cannot be overridden by a header', async () => {
    const answer = await send({
      path: `/trpc/limits.set?${QUERY}`,
      headers: { 'x-http-method-override': 'POST' },
    });
    expect(answer).toMatchObject({ status: 404 });
  });

  it('HEAD tells nothing about procedures', async () => {
    const answer = await send({ method: 'HEAD', path: `/trpc/usage.current?${QUERY}` });
    expect(answer.status).toBe(404);
  });
});

describe('a body', () => {
  const path = '/trpc/meter.reserve';
  const json = { 'content-type': 'application/json' };

  it('above 64 kB is refused, announced or not', async () => {
    const body = `{"user":"${'a'.repeat(1_000_000)}"}`;
    const announced = await server.post('meter.reserve', body);
    expect(announced).toMatchObject({ status: 413 });
    expect(announced.body.error?.data).toMatchObject({ code: 'payload_too_large', field: 'body' });
    const headers = { ...json, 'transfer-encoding': 'chunked' };
    const chunked = await send({ method: 'POST', path, headers, body: body.slice(0, 100_000) });
    expect(chunked).toMatchObject({ status: 413, code: 'payload_too_large', field: 'body' });
  });

  it.each([
    ['announced', 'content-length: 10000000000', '{"user":"'],
    ['not announced', 'transfer-encoding: chunked', `11170\r\n${'a'.repeat(0x11170)}\r\n`],
  ])('above 64 kB is refused before the rest of it is sent: %s', async (_how, header, start) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const [token] = Object.values(authorization(BOOTSTRAP_TOKEN));
    // The body never ends, so that whoever waits for its end never answers.
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${token}\r\n` +
        `content-type: application/json\r\n${header}\r\n\r\n${start}`,
    );
    let answer = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      answer += chunk.toString();
      if (answer.includes('payload_too_large')) break;
    }
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('of exactly 64 kB is read', async () => {
    const frame = '{"user":""}';
    const body = `{"user":"${'a'.repeat(65_536 - frame.length)}"}`;
    const answer = await send({ method: 'POST', path, headers: json, body });
    expect(answer).toMatchObject({ status: 400, code: 'input_invalid' });
  });

  it('that is not UTF-8 is refused, and not repaired', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    const answer = await send({ method: 'POST', path, headers: json, body });
    expect(answer).toMatchObject({ status: 400, code: 'input_invalid', field: 'body' });
  });

  it.each(['text/plain', 'multipart/form-data; boundary=x', 'application/octet-stream', ''])(
    'sent as "%s" is refused, naming the header',
    async (type) => {
      const answer = await send({
        method: 'POST',
        path,
        headers: { 'content-type': type },
        body: '{}',
      });
      expect(answer).toMatchObject({ status: 400, code: 'input_invalid', field: 'content-type' });
    },
  );
});

describe('a batch', () => {
  const batchOf = (calls: number) => {
    const paths = Array.from({ length: calls }, () => 'limits.set').join(',');
    const input = Object.fromEntries(
      Array.from({ length: calls }, (_none, index) => [index, { user: 'batch', limitUsd: '3' }]),
    );
    return server.post(`${paths}?batch=1`, input);
  };

  it('of 100 calls is answered, call by call', async () => {
    const { status, body } = await batchOf(100);
    expect(status).toBe(200);
    expect(body).toHaveLength(100);
  });

  it('of 101 calls is refused whole', async () => {
    const user = { user: 'untouched', limitUsd: '3' };
    const paths = Array.from({ length: 101 }, () => 'limits.set').join(',');
    const input = Object.fromEntries(Array.from({ length: 101 }, (_none, index) => [index, user]));
    const { status, body } = await server.post(`${paths}?batch=1`, input);
    expect(status).toBe(413);
    expect(body.error?.data).toMatchObject({ code: 'payload_too_large', field: 'batch' });
    const limit = await server.get('limits.get', { user: 'untouched' });
    expect(limit.body.result?.data).toMatchObject({ source: 'default' });
  });

  it('cannot hide its size behind encoded commas', async () => {
    const paths = Array.from({ length: 5_000 }, () => 'a').join('%2C');
    const { status, body } = await server.post(`${paths}?batch=1`, {});
    expect(status).toBe(413);
    expect(body.error?.data.code).toBe('payload_too_large');
  });

  it('answers each call for itself, good ones beside bad ones', async () => {
    const call = { user: 'mixed', model: 'test-model', amountUsd: '0.01' };
    const { status, body } = await server.post('meter.reserve,meter.reserve,nothing.here?batch=1', {
      0: { ...call, reservation: idOf(500) },
      1: { ...call, reservation: 'no-uuid' },
      2: {},
    });
    expect(status).toBe(207);
    const answers = body as unknown as readonly { error?: { data: { code: string } } }[];
    expect(answers.map(({ error }) => error?.data.code)).toEqual([
      undefined,
      'input_invalid',
      'route_not_found',
    ]);
  });
});

describe('a URL', () => {
  it('longer than 32 kB is refused, naming it', async () => {
    const answer = await ask(`${server.url}/trpc/usage.current?input=${'x'.repeat(33_000)}`);
    expect(answer.status).toBe(413);
    expect(answer.body.error?.data).toMatchObject({ code: 'payload_too_large', field: 'url' });
  });

  it('with more headers than fit is refused in the same shape', async () => {
    const answer = await send({ path: '/healthz', headers: { 'x-long': 'x'.repeat(70_000) } });
    expect(answer).toMatchObject({ status: 413, code: 'payload_too_large', field: 'headers' });
  });
});

describe('an input in a URL', () => {
  it('that is not JSON is refused, naming the parameter', async () => {
    for (const input of ['', '{', 'user', '%FF']) {
      const answer = await send({ path: `/trpc/usage.current?input=${input}` });
      expect(answer).toEqual({ status: 400, code: 'input_invalid', field: 'input' });
    }
  });
});

describe('what is not HTTP', () => {
  it('is refused in the same shape, and the connection ends', async () => {
    const { hostname, port } = new URL(server.url);
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(Number(port), hostname, () => socket.write('hello\r\n\r\n'));
      socket.on('data', (chunk) => (received += String(chunk)));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toContain('HTTP/1.1 400');
    expect(JSON.parse(body)).toMatchObject({
      error: { data: { code: 'input_invalid', field: 'request' } },
    });
  });
});
