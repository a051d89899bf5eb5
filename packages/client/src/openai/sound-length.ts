/**
 * How long the sound in a file is: as its header says, where that can be believed, or else at most as long as its size
 * allows. Only the beginning of a file is read, and nothing in it is trusted beyond what its size can hold.
 */

/** Milliseconds of sound. */
export interface SoundLength {
  /** Upper bound, unless the file lies about what is in it; what it is charged for is what the provider says. */
  readonly most: number;
  readonly probably: number;
}

/** As much of a file as its header and its first frame are in. */
const HEAD_BYTES = 4_096;

/** The length of all `files` together. */
export async function lengthOfFiles(files: readonly Blob[]): Promise<SoundLength> {
  const lengths = await Promise.all(files.map(lengthOfFile));
  return lengths.reduce(
    (sum, { most, probably }) => ({ most: sum.most + most, probably: sum.probably + probably }),
    { most: 0, probably: 0 },
  );
}

async function lengthOfFile(file: Blob): Promise<SoundLength> {
  return (
    (await wavLength(file)) ??
    (await mp3Length(file)) ??
    lengthOfBytes(file.size, { leastKbits: 8, usualKbits: 64 })
  );
}

function lengthOfBytes(
  bytes: number,
  { leastKbits, usualKbits }: { readonly leastKbits: number; readonly usualKbits: number },
): SoundLength {
  const bits = bytes * 8;
  return { most: Math.ceil(bits / leastKbits), probably: Math.ceil(bits / usualKbits) };
}

function exactly(milliseconds: number): SoundLength {
  const length = Math.ceil(milliseconds);
  return { most: length, probably: length };
}

async function headOf(file: Blob, from = 0): Promise<DataView> {
  return new DataView(await file.slice(from, from + HEAD_BYTES).arrayBuffer());
}

/** What follows the header of a WAV file, at the rate that it names, is its sound. */
async function wavLength(file: Blob): Promise<SoundLength | undefined> {
  const head = await headOf(file);
  if (textAt(head, 0) !== 'RIFF' || textAt(head, 8) !== 'WAVE') return undefined;
  for (let at = 12; at + 8 <= head.byteLength;) {
    const bytes = head.getUint32(at + 4, true);
    if (textAt(head, at) === 'fmt ' && at + 20 <= head.byteLength) {
      const bytesPerSecond = head.getUint32(at + 16, true);
      return bytesPerSecond === 0 ? undefined : exactly((file.size * 1_000) / bytesPerSecond);
    }
    at += 8 + bytes + (bytes % 2);
  }
  return undefined;
}

/** Bits per second, in thousands, by the index in a frame's header: MPEG 1 and MPEG 2, layer III. */
const MPEG1_KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2_KBITS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG1_RATES = [44_100, 48_000, 32_000];

/** Most bytes of a frame: 320 kbit/s at 32,000 samples a second. */
const FRAME_BYTES_MAX = 1_440;

/** What its first frame says: how many frames there are, or how fast it goes itself, as the others probably do. */
async function mp3Length(file: Blob): Promise<SoundLength | undefined> {
  const begins = afterTag(await headOf(file));
  const head = await headOf(file, begins);
  if (head.byteLength < 4 || head.getUint16(0) >>> 5 !== 0x7ff) return undefined;
  const version = (head.getUint8(1) >>> 3) & 3;
  const isLayer3 = ((head.getUint8(1) >>> 1) & 3) === 1;
  const isMono = head.getUint8(3) >>> 6 === 3;
  const kbits = (version === 3 ? MPEG1_KBITS : MPEG2_KBITS)[head.getUint8(2) >>> 4];
  const fullRate = MPEG1_RATES[(head.getUint8(2) >>> 2) & 3];
  if (!isLayer3 || version === 1 || !kbits || fullRate === undefined) return undefined;
  const rate = fullRate / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = version === 3 ? 1_152 : 576;
  const frames = framesNamed(head, version === 3 ? (isMono ? 17 : 32) : isMono ? 9 : 17);
  const bytes = file.size - begins;
  if (frames === undefined) {
    return lengthOfBytes(bytes, { leastKbits: version === 3 ? 32 : 8, usualKbits: kbits });
  }
  // No fewer than it takes to fill the file, and no more than there is room for: the smallest has four bytes.
  const believable = Math.min(Math.max(frames, bytes / FRAME_BYTES_MAX), bytes / 4);
  return exactly((believable * samples * 1_000) / rate);
}

/** The number of frames that a first frame names, which then has no sound; `sideBytes` come before it. */
function framesNamed(head: DataView, sideBytes: number): number | undefined {
  const at = 4 + sideBytes;
  if (at + 12 > head.byteLength) return undefined;
  const isNamed = ['Xing', 'Info'].includes(textAt(head, at));
  return isNamed && (head.getUint32(at + 4) & 1) === 1 ? head.getUint32(at + 8) : undefined;
}

/** Where the sound begins, after an ID3 tag. */
function afterTag(head: DataView): number {
  if (head.byteLength < 10 || textAt(head, 0).slice(0, 3) !== 'ID3') return 0;
  let bytes = 0;
  for (let at = 6; at < 10; at += 1) bytes = bytes * 128 + (head.getUint8(at) & 127);
  return 10 + bytes;
}

/** Four characters. */
function textAt(head: DataView, at: number): string {
  if (at + 4 > head.byteLength) return '';
  return String.fromCharCode(...[0, 1, 2, 3].map((more) => head.getUint8(at + more)));
}
