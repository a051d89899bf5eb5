import { bursar } from './bursar.ts';

// Many small calls: money is set aside once, and what is left is given back.
export async function crawl(
  user: string,
  pages: readonly string[],
  read: (page: string) => Promise<{ readonly text: string; readonly costUsd: string }>,
): Promise<string[]> {
  const session = bursar.session(`crawl-${user}`);
  const purse = await session.purse({ user, model: 'crawler', amountUsd: '0.50' });
  try {
    const texts: string[] = [];
    for (const page of pages) {
      const text = await purse.meter({ amountUsd: '0.02' }, async () => {
        const { text, costUsd } = await read(page);
        return { value: text, costUsd };
      });
      texts.push(text);
    }
    return texts;
  } finally {
    await purse.close();
  }
}
