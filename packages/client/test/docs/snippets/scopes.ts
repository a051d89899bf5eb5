import { connect } from '@bursar/client';
import OpenAI from 'openai';

const { BURSAR_URL = 'http://127.0.0.1:4600', BURSAR_TOKEN = '' } = process.env;

// The kinds of scopes that there are: any other, such as `taem`, does not compile.
const bursar = connect<'team' | 'feature'>({ url: BURSAR_URL, token: BURSAR_TOKEN });

export function forTeam(user: string, team: string): OpenAI {
  return bursar.wrap(new OpenAI(), { user, scopes: { team, feature: ['chat', 'beta'] } });
}
