/** The tag of a job: written once, read back, and never seen by callers, whatever else an answer says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tagged, tagOf, withoutTags } from '../../src/http/job-tag.ts';
import { refuseTag, TAG_FIELD } from '../../src/http/tag-field.ts';

const RUN = { seed: 20_261_130, numRuns: 500 } as const;
const RESERVATION = '01990000-0000-7000-8000-0123456789ab';
const tricky = fc.oneof(
  fc.string(),
  fc.constantFrom(
    TAG_FIELD,
    `"${TAG_FIELD}":"x"`,
    `{"metadata":{"${TAG_FIELD}":"${RESERVATION} alone"}}`,
    ', ',
    '\\',
    '"',
  ),
);
const metadata = fc.dictionary(
  fc.string({ minLength: 1 }).filter((name) => name !== TAG_FIELD && name !== '__proto__'),
  tricky,
  { maxKeys: 15 },
);
const answer = fc.record({
  metadata: fc.option(metadata, { nil: undefined }),
  text: tricky,
  isByCall: fc.boolean(),
  indent: fc.constantFrom(0, 2),
  /** Providers may keep entries in an order of their own. */
  isReversed: fc.boolean(),
});

const parsed = (text: string): { metadata: Record<string, string> | null; text: string } =>
  JSON.parse(text);

describe('a tag', () => {
  test('is read back, and taken out of answers without touching anything else', () => {
    fc.assert(
      fc.property(answer, ({ metadata: given, text, isByCall, indent, isReversed }) => {
        const body = given === undefined ? { text } : { text, metadata: given };
        const sent = parsed(tagged(body, { reservation: RESERVATION, isByCall }));
        expect(tagOf(sent)).toEqual({ reservation: RESERVATION, isByCall });
        const entries = Object.entries(sent.metadata ?? {});
        const kept = Object.fromEntries(isReversed ? entries.toReversed() : entries);
        const event = JSON.stringify({ ...sent, metadata: kept, output: [text] }, null, indent);
        const shown = parsed(withoutTags(event, 'null'));
        expect(shown).toEqual({ text, metadata: given ?? null, output: [text] });
      }),
      RUN,
    );
  });

  test('is not written where there is no room for it', () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`k${at}`, 'v']));
    const sent = tagged({ metadata: full }, { reservation: RESERVATION, isByCall: false });
    expect(JSON.parse(sent)).toEqual({ metadata: full });
  });

  test.each([
    ['no reservation', 'x'],
    ['more than one', `${RESERVATION} ${RESERVATION}`],
    ['upper case', RESERVATION.toUpperCase()],
    ['no text', 7],
  ])('that is %s is none', (_what, value) => {
    expect(tagOf({ metadata: { [TAG_FIELD]: value } })).toBeUndefined();
  });

  test('that a caller brings is refused, whatever it says', () => {
    expect(() => refuseTag({ metadata: { [TAG_FIELD]: null } })).toThrow('must be left out');
    expect(() => refuseTag({ metadata: { other: TAG_FIELD } })).not.toThrow();
    expect(() => refuseTag({})).not.toThrow();
  });
});
