/** What a connection speaks, by where it leads. */
import type { Protocol } from './protocol.ts';
import { RealtimeProtocol } from './realtime-protocol.ts';
import { ResponsesProtocol } from './responses-protocol.ts';
import { TranscriptionProtocol } from './transcription-protocol.ts';

/** The protocol of a connection to `url`. `model` is whose price applies, whatever the address says. */
export function protocolOf(url: URL, model: string | undefined): Protocol {
  if (/\/responses\/*$/.test(url.pathname)) return new ResponsesProtocol(model);
  if (url.searchParams.get('intent') === 'transcription') return new TranscriptionProtocol(model);
  return new RealtimeProtocol(model ?? url.searchParams.get('model') ?? undefined);
}
