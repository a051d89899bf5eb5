/** The page of what was measured: a section for each benchmark, of its last run. */
import { readFile, writeFile } from 'node:fs/promises';
import { BENCHES } from '../benches/index.ts';
import type { Machine } from './machine.ts';

/** Writes `section`, which begins with `## <name of a benchmark>:`, to the page at `path`, in the place of the one before. */
export async function putOnPage(path: string, section: string, machine: Machine): Promise<void> {
  const page = await readFile(path, 'utf8').catch(() => '');
  const sections = new Map(
    page
      .split(/^(?=## )/m)
      .slice(1)
      .map((text) => [nameOf(text), text.trim()]),
  );
  sections.set(nameOf(section), section);
  const inOrder = BENCHES.flatMap(({ name }) => sections.get(name) ?? []);
  await writeFile(path, `${[headOf(machine), ...inOrder].join('\n\n')}\n`);
}

function nameOf(section: string): string {
  return /^## ([^:]+):/.exec(section)?.[1] ?? '';
}

function headOf({ cores, cpu, node }: Machine): string {
  return `# What was measured

Written by \`npx -y pnpm@12 bench --docs\`, and not by hand: a section for each benchmark, of its last run. How to read it, and what stands in the
way of what is not reached: [performance.md](performance.md).

${cores} cores of ${cpu}, Node ${node}. Times in microseconds (us) are CPU time of one operation: \`node\` is the process that measures, and ours
where it is in it; \`server\` is a process of its own.`;
}
