/**
 * `pnpm chaos --faults N --seed S [--json]`: a campaign of N faults. Ends with a code other than 0 when a cent
 * is overspent, lost or booked twice, or a reservation stays open.
 */
import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const { findings, ...report } = await Campaign.run({
  faults: Number(values.faults),
  seed: Number(values.seed),
  onFault: (line) => console.error(line),
});
for (const finding of findings) console.error(`✗ ${finding}`);
if (values.json) console.log(JSON.stringify(report));
else {
  console.log(
    `${report.calls} calls, ${report.faults} faults: overspent ${report.overspentNanoUsd}, lost ${report.lostNanoUsd}, ` +
      `twice ${report.duplicatedNanoUsd} nano-USD; ${report.stuckReservations} reservations stuck.`,
  );
  console.table(report.recoveryMs);
}
const bad =
  report.overspentNanoUsd +
  report.lostNanoUsd +
  report.duplicatedNanoUsd +
  report.stuckReservations;
process.exit(bad === 0 && findings.length === 0 ? 0 : 1);
