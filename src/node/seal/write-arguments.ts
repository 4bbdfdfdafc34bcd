/** The arguments of `write` and `end`, in all the forms that Node takes. */

/** The answer to a call that comes too late. */
export function refused(args: unknown[], returned: unknown): unknown {
  const callback = args.find((one) => typeof one === 'function') as ((error: Error) => void) | undefined;
  if (callback) process.nextTick(callback, new Error('The response was destroyed'));
  return returned;
}

/** Whether `end` takes it. Node is left to refuse anything else. */
export function isContent(chunk: unknown): boolean {
  const isNone = chunk === undefined || chunk === null || typeof chunk === 'function';
  return isNone || typeof chunk === 'string' || chunk instanceof Uint8Array;
}

/** Whether there is content, of no length. */
export function isEmpty([chunk]: unknown[]): boolean {
  return (typeof chunk === 'string' || chunk instanceof Uint8Array) && chunk.length === 0;
}

/** The content among the arguments of `write` and `end`. */
export function bytesOf([chunk, encoding]: unknown[]): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== 'string') return NOTHING;
  return Buffer.from(
    chunk,
    typeof encoding === 'string' && encoding !== 'buffer' ? (encoding as BufferEncoding) : 'utf8',
  );
}

const NOTHING = new Uint8Array();
