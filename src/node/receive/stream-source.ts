/**
 * What the sources of a body have in common, whatever frames it: a stream of Node that is read while the reader wants more,
 * and the bounds in time, which stand still while he does not.
 */
import type { Readable } from 'node:stream';
import type { FramingError } from '../../core/errors.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import { BodyTimer } from './body-timer.ts';
import type { BodySource } from './received-body.ts';

export abstract class StreamSource<S extends Readable> implements BodySource {
  protected readonly stream: S;
  protected readonly timer: BodyTimer;
  protected isOver = false;

  constructor(stream: S, timeouts: BodyTimeouts) {
    this.stream = stream;
    this.timer = new BodyTimer(timeouts, (error) => this.conclude(error));
  }

  pause(): void {
    this.stream.pause();
    this.timer.pause();
  }

  resume(): void {
    if (this.isOver) return;
    this.timer.start();
    this.stream.resume();
  }

  cancel(): void {
    this.detach();
    this.drop();
  }

  /** The framing has ended: undefined if it is complete. The first call counts. */
  protected abstract conclude(error: FramingError | undefined): void;

  /** Nothing more is taken from the stream. */
  protected detach(): void {
    this.isOver = true;
    this.timer.stop();
  }

  /** The rest of the stream is of no use. */
  protected drop(): void {
    this.stream.destroy();
  }
}
