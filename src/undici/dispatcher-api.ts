/**
 * The shapes of undici's dispatcher, written down rather than imported: nothing here depends on a copy of undici.
 *
 * Handlers come in two kinds. undici 6, and the fetch of Node 20 to 24, have `onConnect` and its kin, where octets are
 * Buffers and `false` means pause. undici 8 has `onRequestStart` and its kin, with a controller. undici 7 takes both.
 */
import type { Socket } from 'node:net';

/** Names and values in turn. A value may be a list where the fields have been through an object. */
export type RawFields = readonly (Buffer | string | readonly (Buffer | string)[])[];
export type FieldRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface DispatchOptions {
  origin?: string | URL;
  path: string;
  method: string;
  headers?: unknown;
  upgrade?: unknown;
  allowH2?: boolean;
}

export type Abort = (reason?: unknown) => void;

export interface LegacyHandler {
  onConnect?(abort: Abort, context?: unknown): void;
  onResponseStarted?(): void;
  onUpgrade?(statusCode: number, rawHeaders: RawFields, socket: Socket): void;
  onHeaders?(statusCode: number, rawHeaders: RawFields, resume: () => void, statusText?: string): boolean | undefined;
  onData?(data: Buffer): boolean | undefined;
  /** @param rawTrailers an object over HTTP/2 */
  onComplete?(rawTrailers: RawFields | FieldRecord): void;
  onError?(error: Error): void;
  onBodySent?(data: unknown): unknown;
  onRequestSent?(): void;
}

export interface Controller {
  readonly aborted: boolean;
  readonly paused?: boolean | undefined;
  readonly reason?: unknown;
  pause(): void;
  resume(): void;
  abort(reason: unknown): void;
  /** The fields as they came; an object over HTTP/2. */
  rawHeaders?: RawFields | FieldRecord | null | undefined;
  rawTrailers?: RawFields | FieldRecord | null | undefined;
}

export interface ControllerHandler {
  onRequestStart?(controller: Controller, context?: unknown): void;
  onResponseStarted?(): void;
  onRequestUpgrade?(controller: Controller, statusCode: number, headers: FieldRecord, socket: Socket): void;
  onResponseStart?(controller: Controller, statusCode: number, headers: FieldRecord, statusText?: string): void;
  onResponseData?(controller: Controller, data: Buffer): void;
  onResponseEnd?(controller: Controller, trailers?: FieldRecord): void;
  /** Without a controller where there was no connection. */
  onResponseError?(controller: Controller | null | undefined, error: Error): void;
  onBodySent?(data: unknown): unknown;
  onRequestSent?(): void;
}

export type Handler = LegacyHandler | ControllerHandler;
export type Dispatch = (options: DispatchOptions, handler: Handler) => unknown;
