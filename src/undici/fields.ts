/** Field lines between the two shapes that undici hands them over in, and ours. Values are latin1, an octet a character. */
import { type FieldPairs, fieldPairFromLine } from '../core/fields.ts';
import type { FieldRecord, RawFields } from './dispatcher-api.ts';

/** As undici hands fields over: names and values in turn or, over HTTP/2, an object. */
export function pairsFromRaw(raw: RawFields | FieldRecord): FieldPairs {
  if (!Array.isArray(raw)) return pairsFromRecord(raw as FieldRecord);
  const pairs: FieldPairs = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i]!, raw[i + 1]!];
    for (const one of isList(value) ? value : [value]) pairs.push(pair(text(name as Buffer | string), text(one)));
  }
  return pairs;
}

export function pairsFromRecord(record: FieldRecord): FieldPairs {
  return Object.entries(record).flatMap(([name, value]): FieldPairs => {
    if (value === undefined) return [];
    return (isList(value) ? value : [value]).map((one) => pair(name, one));
  });
}

export function rawFromRecord(record: FieldRecord): RawFields {
  return pairsFromRecord(record).flatMap(([name, value]) => [
    Buffer.from(name, 'latin1'),
    Buffer.from(value, 'latin1'),
  ]);
}

/** The values of a name that comes more than once are a list. Names are in lower case, as undici has them. */
export function recordFromRaw(raw: RawFields): FieldRecord {
  const values = new Map<string, string | string[]>();
  for (const [name, value] of pairsFromRaw(raw)) {
    const key = name.toLowerCase();
    const earlier = values.get(key);
    values.set(key, earlier === undefined ? value : [earlier, value].flat());
  }
  return Object.fromEntries(values);
}

/** The fields without those of this name, and with this one. */
export function withRawField(raw: RawFields | FieldRecord, name: string, value: string): RawFields | FieldRecord {
  if (!Array.isArray(raw)) return { ...raw, [name]: value };
  const others: RawFields[number][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (text(raw[i] as Buffer | string).toLowerCase() !== name) others.push(raw[i]!, raw[i + 1]!);
  }
  return [...others, Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')];
}

/** Without the whitespace around the value, which undici leaves at its end (RFC 9112 §5.1). */
function pair(name: string, value: string): [name: string, value: string] {
  return fieldPairFromLine(`${name}:${value}`);
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function text(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1');
}
