/** Responses over a WebSocket: each `response.create` is a request, and its answer the events of its stream. */
import { outputTokens, wholeText } from '../answer.ts';
import { ApiError } from '../api-error.ts';
import { asObject, type JsonObject } from '../request-fields.ts';
import { finalStatus, finishedResponse, openResponse } from '../responses/response-object.ts';
import { readResponsesRequest } from '../responses/responses-request.ts';
import type { Line } from './accept-sockets.ts';
import { answerTo, breathe, openSocketCall, usageOf } from './socket-call.ts';

/** Answers on `line`, one lane apart from the other. */
export function answerResponses(line: Line): void {
  const lanes = new Map<unknown, Promise<void>>();
  line.socket.on('message', (data: Buffer) => {
    const event = asObject(JSON.parse(data.toString('utf8'))) ?? {};
    const lane = event['stream_id'];
    lanes.set(
      lane,
      (lanes.get(lane) ?? Promise.resolve()).then(() => answer(line, event)),
    );
  });
}

async function answer(line: Line, event: JsonObject): Promise<void> {
  const { socket, script, store, log } = line;
  const { type, stream_id: lane, ...body } = event;
  let sequenceNumber = 0;
  const say = (kind: string, fields: object): void => {
    const named = lane === undefined ? {} : { stream_id: lane };
    const told = { type: kind, sequence_number: sequenceNumber++, ...named, ...fields };
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(told));
  };
  try {
    if (type !== 'response.create') {
      throw new ApiError(`Invalid value: '${String(type)}'.`, { status: 400, param: 'type' });
    }
    const request = readResponsesRequest({ ...body, stream: true }, store);
    const call = openSocketCall(line, request.model, request.promptTokens);
    const onClose = (): void => {
      if (call.ending === null) log.end(call, 'aborted');
    };
    socket.on('close', onClose);
    const plan = answerTo(line, request.promptTokens, request.tokensMax);
    const identity = {
      responseId: line.newId('resp_'),
      messageId: line.newId('msg_'),
      createdAt: Math.floor(call.arrivedAtMs / 1000),
      request,
    };
    say('response.created', { response: openResponse(identity, 'in_progress') });
    const within = { item_id: identity.messageId, output_index: 0, content_index: 0 };
    for (let sent = 0; sent < plan.visibleTokens && call.ending === null; sent++) {
      await breathe(script.chunkDelayMs);
      say('response.output_text.delta', { ...within, delta: plan.slice(sent, sent + 1) });
      call.outputTokens += 1;
      if (call.outputTokens === script.cutAfterTokens) {
        log.end(call, 'cut');
        socket.close(1011, 'cut');
        return;
      }
    }
    while (script.hangs && call.ending === null) await breathe(1);
    if (call.ending !== null) return;
    call.reasoningTokens = plan.reasoningTokens;
    call.outputTokens = outputTokens(plan);
    const usage = usageOf(line, call);
    call.reportedUsage = usage;
    const finished = finishedResponse(identity, plan, { text: wholeText(plan), usage });
    if (request.isStored) {
      const contextTokens = request.promptTokens + plan.visibleTokens;
      store.keep(identity.responseId, {
        body: finished,
        usage,
        identity,
        answer: plan,
        contextTokens,
      });
    }
    socket.off('close', onClose);
    log.end(call, 'completed');
    say(`response.${finalStatus(plan)}`, { response: finished });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status } = error.fields;
    say('error', { status, ...error.body() });
  }
}
