/** Files: uploaded, described, read again, removed. The oldest go first when there are too many. */
import { ApiError, missingField } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import type { JsonObject } from '../request-fields.ts';

/** Most files kept. */
const FILES_MAX = 1000;

interface StoredFile {
  readonly description: object;
  readonly bytes: Buffer;
}

export class FileStore {
  readonly #files = new Map<string, StoredFile>();

  /** Keeps `bytes` and returns the file's description. */
  keep(
    bytes: Buffer,
    about: { readonly id: string; readonly name: string; readonly purpose: string },
  ): object {
    const { id, name, purpose } = about;
    const description = {
      id,
      object: 'file',
      bytes: bytes.length,
      created_at: Math.floor(Date.now() / 1000),
      filename: name,
      purpose,
      status: 'processed',
    };
    this.#files.set(id, { description, bytes });
    if (this.#files.size > FILES_MAX) this.remove([...this.#files.keys()][0] ?? '');
    return description;
  }

  /** Throws 404 for a file that is not there. */
  find(id: string): StoredFile {
    const found = this.#files.get(id);
    if (found !== undefined) return found;
    throw new ApiError(`No such File object: ${id}`, { status: 404, param: 'id' });
  }

  remove(id: string): void {
    this.#files.delete(id);
  }

  list(): readonly object[] {
    return [...this.#files.values()].map(({ description }) => description);
  }
}

/** `POST /v1/files`. */
export function createFile(exchange: Exchange, body: JsonObject, files: FileStore): void {
  const content = body['#content'];
  if (!Buffer.isBuffer(content)) throw missingField('file');
  const { purpose } = body;
  if (typeof purpose !== 'string') throw missingField('purpose');
  const about = { id: exchange.newId('file-'), name: String(body['#name']), purpose };
  exchange.answer(files.keep(content, about), null);
}
