import { connect } from '@bursar/client';

const { BURSAR_URL = 'http://127.0.0.1:4600', BURSAR_TOKEN = '' } = process.env;

// One connection for the whole process.
export const bursar = connect({ url: BURSAR_URL, token: BURSAR_TOKEN });
