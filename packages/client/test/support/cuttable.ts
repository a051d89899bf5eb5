/** A `fetch` whose line to the server can be cut and mended. */

/** How the line is: refused at once, or the answer to what was sent is lost. */
export type Line = 'up' | 'refused' | 'answers lost';

export class CuttableLine {
  state: Line = 'up';
  requests = 0;

  readonly fetch: typeof fetch = async (input, init) => {
    this.requests += 1;
    if (this.state === 'refused') throw failure('ECONNREFUSED');
    const answer = await fetch(input, init);
    if (this.state === 'answers lost') throw failure('ECONNRESET');
    return answer;
  };
}

function failure(code: string): TypeError {
  return new TypeError('fetch failed', { cause: { code } });
}
