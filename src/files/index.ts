/** chunked-trailers/files: downloads into files that appear only when they are whole, and files as responses. */
export type { Verdict } from '../core/verdict.ts';
export type { DownloadProgress } from './download/attempt.ts';
export { type DownloadOptions, download } from './download/download.ts';
export { StatusError } from './download/status-error.ts';
export { type SendFileOptions, type SentFile, sendFile } from './send-file.ts';
