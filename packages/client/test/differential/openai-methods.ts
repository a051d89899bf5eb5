/** Every method of the openai package that Bursar meters, and some that it lets through, as one call each. */
import type OpenAI from 'openai';
import { MODEL, prompt } from '../support/world.ts';
import type { CallOptions } from './pair.ts';

/** A call whose outcome is compared: everything that the caller sees of it. */
type Method = (openai: OpenAI, options: CallOptions) => Promise<unknown>;

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 40 };
const response = { model: MODEL, input: 'one two three', max_output_tokens: 40 };
const completion = { model: 'gpt-3.5-turbo-instruct', prompt: 'one two', max_tokens: 9 };
const image = { model: 'gpt-image-1', prompt: 'a cat', quality: 'low' } as const;
const speech = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'one two' } as const;
const png = (): File => new File([new Uint8Array(64)], 'cat.png', { type: 'image/png' });
const heard = (): { model: string; file: File } => ({
  model: 'gpt-4o-transcribe',
  file: new File([new Uint8Array(8_000)], 'sound.mp3', { type: 'audio/mpeg' }),
});
const shape = {
  type: 'json_schema' as const,
  name: 'city',
  schema: {
    type: 'object',
    properties: { city: { type: 'string', const: 'Seoul' } },
    required: ['city'],
    additionalProperties: false,
  },
};

const lines = (): File => {
  const line = { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: chat };
  return new File([JSON.stringify(line)], 'in.jsonl');
};

async function batchOf(openai: OpenAI) {
  const { id } = await openai.files.create({ purpose: 'batch', file: lines() });
  return {
    input_file_id: id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  } as const;
}

/** Whether `method` is about what goes on by itself: where nobody hears of its end, its money stays set aside. */
export function createsJob(method: string): boolean {
  return /^(batches|responses\.retrieve)/.test(method);
}

async function all(stream: PromiseLike<AsyncIterable<unknown>>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of await stream) seen.push(item);
  return seen;
}

export const METHODS: Readonly<Record<string, Method>> = {
  'chat.completions.create': (openai, options) => openai.chat.completions.create(chat, options),
  'chat.completions.create, streamed': (openai, options) =>
    all(openai.chat.completions.create({ ...chat, stream: true }, options)),
  'chat.completions.create, streamed with usage': (openai, options) =>
    all(
      openai.chat.completions.create(
        { ...chat, n: 2, stream: true, stream_options: { include_usage: true } },
        options,
      ),
    ),
  'chat.completions.create, with its response': async (openai, options) => {
    const {
      data,
      response: raw,
      request_id,
    } = await openai.chat.completions.create(chat, options).withResponse();
    return [data, raw.status, [...raw.headers.keys()], typeof request_id];
  },
  'chat.completions.create, as a response': async (openai, options) =>
    await (await openai.chat.completions.create(chat, options).asResponse()).text(),
  'chat.completions.parse': (openai, options) =>
    openai.chat.completions.parse(
      { ...chat, response_format: { type: 'json_schema', json_schema: shape } },
      options,
    ),
  'chat.completions.stream': async (openai, options) => {
    const stream = openai.chat.completions.stream(chat, options);
    const pieces: string[] = [];
    stream.on('content', (piece) => pieces.push(piece));
    return [await stream.finalChatCompletion(), pieces];
  },
  'chat.completions.runTools': async (openai, options) => {
    const runner = openai.chat.completions.runTools(
      {
        ...chat,
        tools: [
          {
            type: 'function',
            function: {
              name: 'weather',
              description: 'the weather',
              parameters: shape.schema,
              parse: JSON.parse,
              function: ({ city }: { city: string }) => `rain in ${city}`,
            },
          },
        ],
      },
      options,
    );
    return [await runner.finalContent(), runner.messages];
  },
  'responses.create': (openai, options) => openai.responses.create(response, options),
  'responses.create, streamed': (openai, options) =>
    all(openai.responses.create({ ...response, stream: true }, options)),
  'responses.create, in the background': async (openai, options) => {
    const { id } = await openai.responses.create({ ...response, background: true }, options);
    return await openai.responses.retrieve(id, {}, options);
  },
  'responses.create, in the background, with metadata': async (openai, options) => {
    const metadata = { job: '7' };
    const request = { ...response, background: true, metadata };
    const { id } = await openai.responses.create(request, options);
    return await openai.responses.cancel(id, options);
  },
  'responses.retrieve, streamed from the middle': async (openai, options) => {
    const { id } = await openai.responses.create({ ...response, background: true });
    return await all(openai.responses.retrieve(id, { stream: true, starting_after: 3 }, options));
  },
  'responses.parse': (openai, options) =>
    openai.responses.parse({ ...response, text: { format: shape } }, options),
  'responses.stream': (openai, options) =>
    openai.responses.stream(response, options).finalResponse(),
  'completions.create': (openai, options) => openai.completions.create(completion, options),
  'completions.create, streamed': (openai, options) =>
    all(openai.completions.create({ ...completion, stream: true }, options)),
  'embeddings.create': (openai, options) =>
    openai.embeddings.create(
      { model: 'text-embedding-3-small', input: ['one', 'two'], dimensions: 4 },
      options,
    ),
  'images.generate': (openai, options) => openai.images.generate(image, options),
  'images.generate, streamed': (openai, options) =>
    all(openai.images.generate({ ...image, stream: true, partial_images: 1 }, options)),
  'images.edit': (openai, options) => openai.images.edit({ ...image, image: png() }, options),
  'audio.speech.create': async (openai, options) => {
    const sound = await openai.audio.speech.create(speech, options);
    return [sound.headers.get('content-type'), (await sound.arrayBuffer()).byteLength];
  },
  'audio.speech.create, as events': async (openai, options) =>
    await (await openai.audio.speech.create({ ...speech, stream_format: 'sse' }, options)).text(),
  'audio.transcriptions.create': (openai, options) =>
    openai.audio.transcriptions.create(heard(), options),
  'audio.transcriptions.create, as text': (openai, options) =>
    openai.audio.transcriptions.create({ ...heard(), response_format: 'text' }, options),
  'audio.transcriptions.create, streamed': (openai, options) =>
    all(openai.audio.transcriptions.create({ ...heard(), stream: true }, options)),
  'audio.translations.create': (openai, options) =>
    openai.audio.translations.create(heard(), options),
  'files.create, and the rest of a file': async (openai, options) => {
    const file = await openai.files.create({ purpose: 'batch', file: lines() }, options);
    const content = await (await openai.files.content(file.id, options)).text();
    return [file, content, await openai.files.delete(file.id, options)];
  },
  'batches.create': async (openai, options) => {
    const created = await openai.batches.create(await batchOf(openai), options);
    return [created, await openai.batches.retrieve(created.id)];
  },
  'batches.create, with metadata': async (openai, options) => {
    const batch = { ...(await batchOf(openai)), metadata: { job: '7' } };
    const created = await openai.batches.create(batch, options);
    return [created, await all(openai.batches.list())];
  },
  'batches.retrieve': async (openai, options) => {
    const { id } = await openai.batches.create(await batchOf(openai));
    return await openai.batches.retrieve(id, options);
  },
  'batches.cancel': async (openai, options) => {
    const { id } = await openai.batches.create(await batchOf(openai));
    return await openai.batches.cancel(id, options);
  },
  'batches.list': async (openai, options) => {
    await openai.batches.create(await batchOf(openai));
    return await all(openai.batches.list({}, options));
  },
  'moderations.create': (openai, options) => openai.moderations.create({ input: 'hi' }, options),
  'models.list': (openai, options) => all(openai.models.list(options)),
  'a request that the provider refuses': (openai, options) =>
    openai.chat.completions.create({ ...chat, messages: [] }, options),
  'a model that does not exist': (openai, options) =>
    openai.embeddings.create({ model: 'text-embedding-3-small', input: [] }, options),
};
