/** Who pays: the user of the wrapping, or the one that a single request names; never anybody by accident. */
import { expect, test } from 'vitest';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(2)], max_completion_tokens: 20 };

test('a request can name another user, and the provider never sees the name', async () => {
  await using world = await openWorld('in-process');
  const seen: Headers[] = [];
  const openai = world.openai(
    {},
    {
      fetch: (input, init) => {
        seen.push(new Headers(init?.headers));
        return fetch(input, init);
      },
    },
  );
  await openai.chat.completions.create(chat, { headers: { 'x-bursar-user': 'bob' } });
  await openai.models.list({ headers: { 'x-bursar-user': 'bob' } });
  expect(await world.booked('bob')).toHaveLength(1);
  expect(await world.booked('alice')).toHaveLength(0);
  expect(seen).toHaveLength(2);
  expect(seen.every((headers) => !headers.has('x-bursar-user'))).toBe(true);
});

test.each(['', ' ', 'constructor'])(
  'a request for %j is refused instead of charged to anybody',
  async (user) => {
    await using world = await openWorld('in-process');
    const answer = world
      .openai()
      .chat.completions.create(chat, { headers: { 'x-bursar-user': user } });
    await expect(answer).rejects.toMatchObject({
      status: 400,
      code: 'id_invalid',
      type: 'bursar_error',
      param: 'x-bursar-user',
    });
    expect(world.provider.calls).toHaveLength(0);
  },
);

test('a client cannot be wrapped for nobody', async () => {
  await using world = await openWorld('in-process');
  for (const user of ['', undefined as unknown as string, 7 as unknown as string]) {
    expect(() => world.openai({ user })).toThrow(expect.objectContaining({ code: 'id_invalid' }));
  }
});

test('wrapping for another user, or by withOptions, keeps users apart', async () => {
  await using world = await openWorld('in-process');
  const alice = world.openai();
  const bob = world.bursar.wrap(alice, { user: 'bob' });
  const carol = alice.withOptions({ defaultHeaders: { 'x-bursar-user': 'carol' } });
  await Promise.all([alice, bob, carol].map((openai) => openai.chat.completions.create(chat)));
  for (const user of ['alice', 'bob', 'carol']) expect(await world.booked(user)).toHaveLength(1);
});
