/** Files of sound, as far as their headers go. */

/** A WAV file of so many seconds, with 44 bytes of header. */
export function wav({
  seconds,
  bytesPerSecond,
}: {
  readonly seconds: number;
  readonly bytesPerSecond: number;
}): Uint8Array<ArrayBuffer> {
  const soundBytes = Math.round(seconds * bytesPerSecond);
  const file = new Uint8Array(44 + soundBytes);
  const view = new DataView(file.buffer);
  write(file, 0, 'RIFF');
  view.setUint32(4, 36 + soundBytes, true);
  write(file, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, bytesPerSecond / 2, true);
  view.setUint32(28, bytesPerSecond, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(file, 36, 'data');
  view.setUint32(40, soundBytes, true);
  return file;
}

/** An MP3 file of 128 kbit/s at 44,100 samples, `bytes` long; `frames` is what it says of itself, if anything. */
export function mp3({
  bytes,
  frames,
  tagBytes = 0,
}: {
  readonly bytes: number;
  readonly frames?: number;
  readonly tagBytes?: number;
}): Uint8Array<ArrayBuffer> {
  const begins = tagBytes === 0 ? 0 : 10 + tagBytes;
  const file = new Uint8Array(begins + bytes);
  if (tagBytes > 0) {
    write(file, 0, 'ID3');
    for (let at = 0; at < 4; at += 1) file[9 - at] = (tagBytes >>> (7 * at)) & 127;
  }
  // MPEG 1, layer III; 128 kbit/s, 44,100 samples a second; stereo.
  file.set([0xff, 0xfb, 0x90, 0x00], begins);
  if (frames !== undefined) {
    write(file, begins + 36, 'Xing');
    const view = new DataView(file.buffer);
    view.setUint32(begins + 40, 1);
    view.setUint32(begins + 44, frames);
  }
  return file;
}

function write(file: Uint8Array, at: number, text: string): void {
  file.set(new TextEncoder().encode(text), at);
}
