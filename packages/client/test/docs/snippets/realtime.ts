import { denialOf } from '@bursar/client';
import { wrapRealtime } from '@bursar/client/realtime';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { bursar } from './bursar.ts';

const open = (): OpenAIRealtimeWS => new OpenAIRealtimeWS({ model: 'gpt-realtime' });

export function talk(
  user: string,
  onRefused: (why: string) => void,
  connection = open(),
): OpenAIRealtimeWS {
  const realtime = wrapRealtime(bursar, connection, { user });
  realtime.on('error', (error) => {
    const denied = denialOf(error);
    // The connection is still open: what fits again later can be said again later.
    if (denied !== undefined) onRefused(denied.message);
  });
  return realtime;
}
