/** What a probe writes, and what is kept of it. Nothing here knows what is expected. */
import type { Ending, Framing } from './server.ts';

export const FRAMINGS: readonly Framing[] = ['chunked', 'length'];
export const TRUNCATIONS: readonly Exclude<Ending, 'complete'>[] = ['fin', 'rst'];

export const PROBES = ['events', 'unheard', 'pipe', 'pipeline', 'finished', 'iteration', 'fetch'] as const;
export type Probe = (typeof PROBES)[number] | 'verify';
/** `?close`: of a response whose head says `Connection: close`. */
export type Kind = Probe | 'fetch?close';

/** The properties of the response; one that the version does not have is missing. */
export interface State {
  complete?: boolean;
  aborted?: boolean;
  readableEnded?: boolean;
  destroyed?: boolean;
}

/** A line that a probe has written. */
export interface Notice {
  on: 'request' | 'response' | 'destination' | 'outcome' | 'verdict' | 'process';
  event: string;
  octets?: number;
  error?: { message: string; code?: string; cause?: string };
  state?: State;
}

export interface Run {
  notices: Notice[];
  /** The exit code, or the signal. */
  exit: number | string;
  /** The first line that tells of an uncaught error. */
  crash?: string;
}

/** What a version has shown, by `keyOf`. */
export interface Row {
  version: string;
  runs: Record<string, Run>;
  /** Keys of what came out in more than one way, with the ways. */
  unsteady: Record<string, string[]>;
}

export function keyOf(kind: Kind, framing: Framing, ending: Ending): string {
  return `${kind} ${framing}/${ending}`;
}

/** All that a run has shown, but for the octets of each piece, which are a matter of timing. */
export function signatureOf({ notices, exit }: Run): string {
  const parts = notices.map(({ on, event, error, state }) => `${on} ${event}${describeError(error)}${flagsOf(state)}`);
  return [...parts, `exit ${exit}`].join(', ');
}

export function describeError(error: Notice['error']): string {
  return error === undefined ? '' : ` "${error.message}"`;
}

/** The letters of the properties that are true, and in lower case of those that are false. */
export function flagsOf(state: State | undefined): string {
  if (state === undefined) return '';
  const letter = (value: boolean | undefined, name: string) =>
    value === undefined ? '' : value ? name.toUpperCase() : name;
  const { complete, aborted, readableEnded, destroyed } = state;
  return ` [${letter(complete, 'c')}${letter(aborted, 'a')}${letter(readableEnded, 'e')}${letter(destroyed, 'd')}]`;
}
