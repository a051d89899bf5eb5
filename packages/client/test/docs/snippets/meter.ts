import { bursar } from './bursar.ts';

interface Rendering {
  readonly url: string;
  readonly seconds: number;
}

// Money is set aside before, what it did cost is booked after, and a failure gives everything back.
export async function render(user: string, draw: () => Promise<Rendering>): Promise<string> {
  return await bursar.meter({ user, model: 'our-renderer', amountUsd: '0.50' }, async () => {
    const { url, seconds } = await draw();
    return { value: url, costUsd: (seconds * 0.002).toFixed(9) };
  });
}
