/**
 * The realtime API: a conversation over a WebSocket, with ears. Sound that is not zero is speech, and half a second of
 * zeros after it ends it.
 */
import type { OpenCall } from '../call-log.ts';
import { outputTokens, wholeText } from '../answer.ts';
import { asArray, asObject, type JsonObject } from '../request-fields.ts';
import { readText, startReading } from '../words.ts';
import type { Line } from './accept-sockets.ts';
import { at, merged, newSession } from './realtime-settings.ts';
import { answerTo, breathe, openSocketCall, usageOf } from './socket-call.ts';
import { transcribed } from './transcribed.ts';
import { errorOf, modalityUsage, type SoundAndText } from './realtime-shapes.ts';

/** Bytes of sound in a second: 24,000 samples of 16 bits. */
const BYTES_PER_SECOND = 48_000;
/** Tokens of a second that is heard. */
const HEARD_PER_SECOND = 10;
/** Tokens of sound in a spoken word, and bytes in one of them: 50 ms. */
const SOUND_TOKENS_PER_WORD = 8;
const BYTES_PER_SPOKEN_TOKEN = BYTES_PER_SECOND / 20;
/** Silence that ends speech, in seconds. */
const SILENCE_SECONDS = 0.5;
/** Of what was heard before somebody spoke, as much as this is heard with it, in seconds. */
const PADDING_SECONDS = 0.3;

interface Running {
  readonly id: string;
  readonly call: OpenCall;
  isCancelled: boolean;
}

export class RealtimeSession {
  readonly #line: Line;
  /** Null in a session that only transcribes. */
  readonly #model: string | null;
  #session: JsonObject;
  readonly #conversation = { id: '', text: 0, sound: 0 };
  #running: Running | null = null;
  #heardBytes = 0;
  #silentBytes = 0;
  #isHearing = false;

  constructor(line: Line, model: string | null) {
    this.#line = line;
    this.#model = model;
    this.#session = newSession(line.newId('sess_'), model);
    this.#conversation.id = line.newId('conv_');
  }

  open(): void {
    const { socket } = this.#line;
    socket.on('message', (data: Buffer) => this.#take(data.toString('utf8')));
    socket.on('close', () => {
      const { call } = this.#running ?? {};
      if (call !== undefined && call.ending === null) this.#line.log.end(call, 'aborted');
    });
    this.#say('session.created', { session: this.#session });
  }

  #say(type: string, fields: object): void {
    const { socket, newId } = this.#line;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify({ type, event_id: newId('event_'), ...fields }));
  }

  #take(text: string): void {
    const event = asObject(JSON.parse(text));
    if (event === null) return;
    switch (event['type']) {
      case 'session.update':
        this.#session = merged(this.#session, asObject(event['session']) ?? {});
        return this.#say('session.updated', { session: this.#session });
      case 'conversation.item.create':
        return this.#addItem(asObject(event['item']) ?? {});
      case 'response.create':
        return this.#create(event);
      case 'response.cancel':
        if (this.#running !== null) this.#running.isCancelled = true;
        return;
      case 'input_audio_buffer.append':
        return this.#hear(Buffer.from(String(event['audio']), 'base64'));
      case 'input_audio_buffer.commit':
        return this.#commit();
      case 'input_audio_buffer.clear':
        this.#heardBytes = 0;
        return this.#say('input_audio_buffer.cleared', {});
      default: {
        const message = `Invalid value: '${String(event['type'])}'.`;
        this.#say('error', errorOf(event, message, 'invalid_value'));
      }
    }
  }

  #addItem(item: JsonObject): void {
    const { text, sound } = tokensOf(item);
    this.#conversation.text += text;
    this.#conversation.sound += sound;
    this.#sayAdded({ ...item, id: item['id'] ?? this.#line.newId('item_') });
  }

  #sayAdded(item: object): void {
    this.#say('conversation.item.added', { previous_item_id: null, item });
    this.#say('conversation.item.done', { previous_item_id: null, item });
  }

  #hear(sound: Buffer): void {
    const detection = asObject(at(this.#session, 'audio', 'input', 'turn_detection'));
    this.#heardBytes += sound.length;
    if (detection === null) return;
    if (sound.some((byte) => byte !== 0)) {
      this.#silentBytes = 0;
      if (this.#isHearing) return;
      this.#isHearing = true;
      this.#heardBytes = Math.min(
        this.#heardBytes,
        sound.length + PADDING_SECONDS * BYTES_PER_SECOND,
      );
      if (detection['interrupt_response'] !== false && this.#running !== null) {
        this.#running.isCancelled = true;
      }
      const itemId = this.#line.newId('item_');
      return this.#say('input_audio_buffer.speech_started', { audio_start_ms: 0, item_id: itemId });
    }
    if (!this.#isHearing) return;
    this.#silentBytes += sound.length;
    if (this.#silentBytes < SILENCE_SECONDS * BYTES_PER_SECOND) return;
    this.#isHearing = false;
    this.#say('input_audio_buffer.speech_stopped', { audio_end_ms: 0 });
    this.#commit();
    const answers = this.#model !== null && detection['create_response'] !== false;
    if (answers) this.#create({ type: 'response.create' });
  }

  #commit(): void {
    const tokens = soundTokens(this.#heardBytes);
    this.#heardBytes = 0;
    const id = this.#line.newId('item_');
    this.#conversation.sound += tokens;
    this.#say('input_audio_buffer.committed', { previous_item_id: null, item_id: id });
    const content = [{ type: 'input_audio', transcript: null }];
    this.#sayAdded({ id, type: 'message', role: 'user', status: 'completed', content });
    const model = at(this.#session, 'audio', 'input', 'transcription', 'model');
    if (typeof model !== 'string') return;
    const usage = transcribed(this.#line, model, tokens);
    if (usage === null) return;
    this.#say('conversation.item.input_audio_transcription.completed', {
      item_id: id,
      content_index: 0,
      transcript: 'word',
      ...(this.#line.script.reportsUsage ? { usage } : {}),
    });
  }

  #create(event: JsonObject): void {
    if (this.#model === null) {
      const message = 'A transcription session has no responses.';
      this.#say('error', errorOf(event, message, 'invalid_value'));
      return;
    }
    if (this.#running !== null) {
      const message = `Conversation already has an active response in progress: ${this.#running.id}.`;
      this.#say('error', errorOf(event, message, 'conversation_already_has_active_response'));
      return;
    }
    const own = asObject(event['response']) ?? {};
    const isApart = own['conversation'] === 'none';
    const instructions = startReading();
    const told = own['instructions'] ?? this.#session['instructions'];
    if (typeof told === 'string') readText(instructions, told);
    // Whoever gives an input of its own gets an answer to nothing else.
    const { input } = own;
    const context = Array.isArray(input)
      ? input.map((item) => tokensOf(asObject(item) ?? {}))
      : [this.#conversation];
    const prompt: SoundAndText = { text: instructions.tokens, sound: 0 };
    for (const { text, sound } of context) {
      prompt.text += text;
      prompt.sound += sound;
    }
    const call = openSocketCall(this.#line, this.#model ?? '', prompt.text + prompt.sound);
    const running = { id: this.#line.newId('resp_'), call, isCancelled: false };
    this.#running = running;
    void this.#answer(running, prompt, { own, isApart });
  }

  async #answer(
    running: Running,
    prompt: SoundAndText,
    { own, isApart }: { readonly own: JsonObject; readonly isApart: boolean },
  ): Promise<void> {
    const { script, socket, log, newId } = this.#line;
    const { call, id } = running;
    const settings = merged(this.#session, own);
    const speaks = asArray(settings['output_modalities']).includes('audio');
    const cap = settings['max_output_tokens'];
    const perWord = speaks ? SOUND_TOKENS_PER_WORD + 1 : 1;
    const tokensMax = typeof cap === 'number' ? Math.floor(cap / perWord) : null;
    const answer = answerTo(this.#line, call.promptTokens, tokensMax);
    const response = {
      object: 'realtime.response',
      id,
      conversation_id: isApart ? null : this.#conversation.id,
      output_modalities: settings['output_modalities'],
      max_output_tokens: cap,
      metadata: own['metadata'] ?? null,
      output: [] as object[],
      usage: null as object | null,
    };
    if (script.delayMs > 0) await breathe(script.delayMs);
    this.#say('response.created', { response: { ...response, status: 'in_progress' } });
    const itemId = newId('item_');
    const within = { response_id: id, item_id: itemId, output_index: 0, content_index: 0 };
    const output: SoundAndText = { text: 0, sound: 0 };
    const isFailed = script.statuses.length > 0;
    const words = isFailed ? 0 : answer.visibleTokens;
    for (let sent = 0; sent < words && !running.isCancelled; sent++) {
      await breathe(script.chunkDelayMs);
      if (running.isCancelled || call.ending !== null) break;
      const delta = answer.slice(sent, sent + 1);
      output.text += 1;
      if (speaks) {
        output.sound += SOUND_TOKENS_PER_WORD;
        const sound = Buffer.alloc(SOUND_TOKENS_PER_WORD * BYTES_PER_SPOKEN_TOKEN);
        this.#say('response.output_audio_transcript.delta', { ...within, delta });
        this.#say('response.output_audio.delta', { ...within, delta: sound.toString('base64') });
      } else {
        this.#say('response.output_text.delta', { ...within, delta });
      }
      call.outputTokens = output.text + output.sound;
      if (output.text === script.cutAfterTokens) {
        this.#running = null;
        log.end(call, 'cut');
        // After what was said has left.
        socket.close(1011, 'cut');
        return;
      }
    }
    while (script.hangs && !running.isCancelled && call.ending === null) await breathe(1);
    if (call.ending !== null) return;
    const usage = isFailed ? null : usageOf(this.#line, call);
    call.reportedUsage = usage;
    this.#running = null;
    if (!isApart && !isFailed) {
      this.#conversation.text += output.text;
      this.#conversation.sound += output.sound;
    }
    const status = isFailed
      ? 'failed'
      : running.isCancelled
        ? 'cancelled'
        : answer.isCut
          ? 'incomplete'
          : 'completed';
    log.end(call, isFailed ? 'errored' : 'completed');
    const text = speaks
      ? { type: 'output_audio', transcript: wholeText(answer) }
      : { type: 'output_text', text: wholeText(answer) };
    const item = { id: itemId, type: 'message', role: 'assistant', status, content: [text] };
    this.#say('response.done', {
      response: {
        ...response,
        status,
        status_details: isFailed ? { type: 'failed', error: { type: 'server_error' } } : null,
        output: outputTokens(answer) > 0 ? [item] : [],
        usage: usage === null ? null : modalityUsage(usage, prompt, output),
      },
    });
  }
}

function soundTokens(bytes: number): number {
  return Math.ceil((bytes * HEARD_PER_SECOND) / BYTES_PER_SECOND);
}

/** Tokens of an item; what it only names is not looked up. */
function tokensOf(item: JsonObject): SoundAndText {
  const reading = startReading();
  let sound = 0;
  for (const part of asArray(item['content'])) {
    const text = at(part, 'text');
    if (typeof text === 'string') readText(reading, text);
    const audio = at(part, 'audio');
    if (typeof audio === 'string') sound += soundTokens(Buffer.from(audio, 'base64').length);
  }
  return { text: reading.tokens, sound };
}
