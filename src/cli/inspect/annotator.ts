/**
 * Annotates what came on a connection, in any split: responses one after the other, interim ones among them, or one
 * chunked body without a head. Each part (head, body) takes the octets that are its own and leaves the others; an error
 * in one is the end, since nobody can say where the next message would start.
 */
import type { HeadError } from '../../core/errors.ts';
import { copyOctets, joinOctets, octetsFromLatin1 } from '../../core/grammar.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import type { Require } from '../../core/verifier.ts';
import type { BodyFraming, ResponseHead } from '../../node/head/message-head.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { Body } from './body.ts';
import type { Counts, Emit, ErrorEvent, MessageEvent, VerdictEvent } from './event.ts';
import { Head } from './head.ts';
import { hintFor, UNREQUIRED } from './hints.ts';
import { OpenPiece } from './piece.ts';

export interface AnnotatorOptions {
  emit: Emit;
  /** When a body without a status is a failure. */
  require: Require;
  /** Of the requests that the responses answer. */
  method: string;
  /** How many chunks of a body are shown piece by piece. */
  shownChunks: number;
}

/** What a response begins with, and a chunked body cannot. */
const RESPONSE = octetsFromLatin1('HTTP/');
const NOTHING = new Uint8Array(0);
const NO_COUNTS: Omit<Counts, 'octets'> = { contentOctets: 0, chunks: 0, chunkExtensions: 0, trailerFields: 0 };

export class Annotator {
  readonly #options: AnnotatorOptions;
  readonly #emit: Emit;
  /** Octets that are too few to tell what begins. */
  #undecided: Uint8Array = NOTHING;
  #message: MessageEvent | undefined;
  #head: Head | undefined;
  /** Of the heads of this message so far. */
  #headBytes = 0;
  #status: string | undefined;
  #body: Body | undefined;
  #behind: OpenPiece | undefined;
  #error: ErrorEvent | undefined;
  /** Octets that have been looked at. */
  offset = 0;
  /** Of the first message that is not as it should be. */
  exitCode: number = EXIT.ok;

  constructor(options: AnnotatorOptions) {
    this.#options = options;
    this.#emit = (event) => {
      if (event.type === 'error') this.#error = event;
      options.emit(event);
    };
  }

  /** Whether there was an error. Nothing behind it is looked at. */
  get isBroken(): boolean {
    return this.#error !== undefined;
  }

  write(input: Uint8Array): void {
    const octets = this.#undecided.length === 0 ? input : joinOctets([this.#undecided, input]);
    this.#undecided = NOTHING;
    for (let at = 0; at < octets.length && !this.isBroken; ) {
      const left = at === 0 ? octets : octets.subarray(at);
      if (!this.#isReading && left.length < RESPONSE.length && beginsAlike(left)) {
        this.#undecided = copyOctets(left);
        return;
      }
      at += this.#take(left);
    }
  }

  /** The input has ended. */
  end(): void {
    if (this.isBroken) return;
    if (this.#undecided.length > 0) this.#take(this.#undecided);
    if (this.#head !== undefined) {
      this.#head.end();
      this.#concludeHead(this.#head);
    } else if (this.#body !== undefined) {
      this.#body.end();
      this.#concludeBody(this.#body);
    }
    this.#tellBehind();
  }

  /** Nobody waits for the rest: shows what came of the piece that was being read, and concludes nothing. */
  interrupt(): void {
    this.#head?.flush();
    this.#body?.flush();
    this.#tellBehind();
  }

  get #isReading(): boolean {
    return this.#head !== undefined || this.#body !== undefined || this.#behind !== undefined;
  }

  #take(octets: Uint8Array): number {
    if (!this.#isReading) this.#begin(octets);
    if (this.#head !== undefined) return this.#takeHead(this.#head, octets);
    if (this.#body !== undefined) {
      const taken = this.#body.write(octets);
      this.offset += taken;
      if (this.#body.isDone || this.isBroken) this.#concludeBody(this.#body);
      return taken;
    }
    this.#behind!.take(octets);
    this.offset += octets.length;
    return octets.length;
  }

  #begin(octets: Uint8Array): void {
    const { offset } = this;
    const isResponse = beginsAlike(octets);
    if (this.#message !== undefined && !isResponse) {
      this.#behind = new OpenPiece(offset);
      return;
    }
    this.#message = { type: 'message', offset, form: isResponse ? 'response' : 'chunked-body' };
    this.#headBytes = 0;
    this.#status = undefined;
    this.#emit(this.#message);
    if (isResponse) this.#beginHead();
    else this.#beginBody({ kind: 'chunked' });
  }

  #beginHead(): void {
    const maxBytes = DEFAULT_LIMITS.maxHeadBytes - this.#headBytes; // interim responses must end too
    this.#head = new Head(this.#emit, this.#options.method, this.offset, maxBytes);
  }

  #takeHead(head: Head, octets: Uint8Array): number {
    const taken = head.write(octets);
    if (head.error === undefined && head.result === undefined) {
      this.offset += taken;
      return taken;
    }
    this.offset = this.#message!.offset + this.#headBytes + head.length;
    this.#concludeHead(head);
    return taken;
  }

  #concludeHead(head: Head): void {
    this.#head = undefined;
    this.#headBytes += head.length;
    if (head.error !== undefined) return this.#concludeWithoutResponse(head.error);
    const { statusCode, statusMessage } = head.result!.head;
    if (statusCode < 200) return this.#beginHead();
    this.#status = `${statusCode} ${statusMessage}`.trim();
    this.#beginBody(head.result!.framing, head.result!.head);
  }

  #beginBody(framing: BodyFraming, head?: Pick<ResponseHead, 'headers' | 'statusCode'>): void {
    const { require, shownChunks } = this.#options;
    const { headers, statusCode } = head ?? {};
    this.#body = new Body({
      emit: this.#emit,
      offset: this.offset,
      framing,
      headers,
      statusCode,
      require,
      shownChunks,
    });
    if (this.#body.isDone) this.#concludeBody(this.#body);
  }

  #concludeBody(body: Body): void {
    this.#body = undefined;
    const conclusion = body.conclude();
    const place = { form: this.#message!.form, isHead: false, bodyOctets: body.length };
    let hint = this.#error && hintFor(this.#error, place);
    if (conclusion.kind === 'failed') hint = undefined;
    if (conclusion.kind === 'unverified' && body.isJudged && conclusion.code === undefined) hint = UNREQUIRED;
    this.#tellVerdict({ ...conclusion, hint, counts: { octets: this.#headBytes + body.length, ...body.counts } });
  }

  #concludeWithoutResponse({ code, message: reason }: HeadError): void {
    const hint = hintFor(this.#error!, { form: 'response', isHead: true, bodyOctets: 0 });
    const counts = { octets: this.#headBytes, ...NO_COUNTS };
    this.#tellVerdict({ kind: 'no-response', code, reason, digest: undefined, digestPlace: undefined, counts, hint });
  }

  #tellVerdict(found: Omit<VerdictEvent, 'type' | 'status' | 'exitCode'>): void {
    const exitCode = exitCodeFor(found);
    if (this.exitCode === EXIT.ok) this.exitCode = exitCode;
    this.#emit({ type: 'verdict', ...found, status: this.#status, exitCode });
  }

  #tellBehind(): void {
    if (this.#behind === undefined) return;
    this.#emit({ type: 'piece', piece: this.#behind.close('behind', true) });
    this.#behind = undefined;
  }
}

function exitCodeFor({ kind, code }: Pick<VerdictEvent, 'kind' | 'code'>): number {
  if (kind === 'no-response') return EXIT.noResponse;
  return code === undefined ? EXIT.ok : exitCodeOf(kind);
}

/** Whether the octets, as far as they go, are those of a response. */
function beginsAlike(octets: Uint8Array): boolean {
  return RESPONSE.subarray(0, octets.length).every((octet, at) => octet === octets[at]);
}
