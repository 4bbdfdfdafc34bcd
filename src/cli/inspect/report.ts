/** What both ways of writing the annotation have in common: events in, text out. */
import type { InspectEvent } from './event.ts';

export interface Report {
  add(event: InspectEvent): void;
  /** How much of a file lies behind the error. */
  addUnread(offset: number, length: number): void;
  /** The text since the last call. With `isLast`, a row that may go on is in it too. */
  take(isLast?: boolean): string;
}
