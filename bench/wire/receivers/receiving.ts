/**
 * What the receivers share: octets are counted as they come, and hashed only where they are checked. Time runs from the
 * response head to the end of the body.
 */
import { createHash } from 'node:crypto';
import { answer, cpuSeconds } from '../role.ts';

export interface Question {
  port: number;
  target: string;
  isSealed: boolean;
  isChecked: boolean;
}

export interface Reply {
  octets: number;
  seconds: number;
  cpuSeconds: number;
  /** In base64; only of a body that is checked. */
  sha256?: string;
}

export interface Body {
  /** The head has come. */
  begin(): void;
  take(data: Uint8Array): void;
}

/** Answers with what came of each request. @param get reads one response to its end */
export function receiveWith(get: (question: Question, body: Body) => Promise<void>): Promise<void> {
  return answer(async (question: Question): Promise<Reply> => {
    const hash = question.isChecked ? createHash('sha256') : undefined;
    let octets = 0;
    let start = 0;
    let before = process.cpuUsage();
    const begin = () => {
      start = performance.now();
      before = process.cpuUsage();
    };
    const take = (data: Uint8Array) => {
      octets += data.length;
      if (hash !== undefined) hash.update(data);
    };
    await get(question, { begin, take });
    const reply = { octets, seconds: (performance.now() - start) / 1000, cpuSeconds: cpuSeconds(before) };
    return hash === undefined ? reply : { ...reply, sha256: hash.digest('base64') };
  });
}
