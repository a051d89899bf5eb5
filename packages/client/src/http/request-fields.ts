/** The fields of a request's body, be it JSON or a form with files in it. */
import { utf8Bytes } from '@bursar/core';
import { bodyText, type HttpRequest } from './http-request.ts';
import { jsonBody, modelNamed } from './json-body.ts';
import { stringOf } from './json-fields.ts';

/** A body, field by field. */
export interface RequestFields {
  /** The text of a field, `''` without it. */
  text(name: string): string;
  /** The whole number from 0 in a field; anything else is left to the provider to refuse. */
  count(name: string): number | undefined;
  isTrue(name: string): boolean;
  readonly files: readonly Blob[];
  /** UTF-8 bytes of everything that is no file. */
  readonly textBytes: number;
  /** The JSON text to send; `undefined` for a form, which is sent as it is. */
  readonly json: string | undefined;
}

/** The fields of the body of `http`. Throws `input_invalid` for what can be read by nobody else afterwards. */
export async function requestFields(http: HttpRequest): Promise<RequestFields> {
  const { body } = http;
  if (typeof FormData === 'function' && body instanceof FormData) return formFields(body);
  const json = await bodyText(http);
  const parsed = jsonBody(json);
  const textOf = (name: string): string => {
    const value = parsed[name];
    return typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : stringOf(value);
  };
  return { ...fieldsBy(textOf), files: [], textBytes: utf8Bytes(json), json };
}

/** The model that `fields` name. Throws `input_invalid` without one. */
export function modelIn(fields: RequestFields): string {
  return modelNamed({ model: fields.text('model') });
}

function formFields(form: FormData): RequestFields {
  const files: Blob[] = [];
  let textBytes = 0;
  form.forEach((value) => {
    if (typeof value === 'string') textBytes += utf8Bytes(value);
    else files.push(value);
  });
  return { ...fieldsBy((name) => stringOf(form.get(name))), files, textBytes, json: undefined };
}

function fieldsBy(
  text: (name: string) => string,
): Pick<RequestFields, 'text' | 'count' | 'isTrue'> {
  return {
    text,
    count: (name) => (/^[0-9]{1,9}$/.test(text(name)) ? Number(text(name)) : undefined),
    isTrue: (name) => text(name) === 'true',
  };
}
