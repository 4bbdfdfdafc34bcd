/** An AbortSignal that destroys a stream. */
import { addAbortSignal, type Readable, type Writable } from 'node:stream';

/**
 * The stream is destroyed with an AbortError whose cause is the signal's reason. Not before it has been handed over: a
 * signal that has been aborted already would leave nobody to listen, and `pipeline` a stream that it refuses.
 */
export function destroyOnAbort(signal: AbortSignal | undefined, stream: Readable | Writable): void {
  if (signal === undefined) return;
  if (signal.aborted) process.nextTick(() => addAbortSignal(signal, stream));
  else addAbortSignal(signal, stream);
}
