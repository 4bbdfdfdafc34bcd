/**
 * The clients that the interceptor is tried in: `request` and `fetch` of each undici that is installed, Node's own fetch
 * with the Agent of each, and Node's own fetch with nothing but the undici inside Node. Each reads a body to its end and
 * says how that went. A copy or a pair that cannot work here is named in a warning.
 */
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { BodyError } from '../../src/core/verdict.ts';
import { type Interceptor, type VerifyInterceptorOptions, verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { latin1 } from '../support/octets.ts';

export interface Dispatcher {
  compose(...interceptors: unknown[]): Dispatcher;
  dispatch(options: object, handler: object): unknown;
  destroy(): Promise<void>;
}

export interface ResponseData {
  statusCode: number;
  headers: Record<string, string | string[]>;
  trailers: Record<string, string>;
  body: AsyncIterable<Uint8Array> & { destroy(): void; text(): Promise<string> };
}

/** As much of undici as is used here, whatever its version. */
export interface Undici {
  Agent: new (options?: object) => Dispatcher;
  request(url: string, options: object): Promise<ResponseData>;
  stream(url: string, options: object, factory: (data: ResponseData) => unknown): Promise<unknown>;
  upgrade(url: string, options: object): Promise<{ socket: Socket }>;
  fetch(url: string, options: object): Promise<Response>;
  interceptors: Record<
    'redirect' | 'retry' | 'decompress' | 'cache' | 'dump' | 'deduplicate',
    (options?: object) => Interceptor
  >;
  cacheStores: { MemoryCacheStore: new () => object; SqliteCacheStore?: new () => object };
  setGlobalDispatcher(dispatcher: Dispatcher): void;
  getGlobalDispatcher(): Dispatcher;
}

export interface Copy {
  name: string;
  major: number;
  undici: Undici;
}

/**
 * The dispatcher inside Node, which appears when something of fetch has been touched. To be asked for before any undici
 * is imported: that may put its own in this place.
 */
void Headers;
const globals = globalThis as unknown as Record<symbol, Dispatcher>;
const NODES_DISPATCHER = (globals[Symbol.for('undici.globalDispatcher.2')] ??
  globals[Symbol.for('undici.globalDispatcher.1')])!;

const [NODE_MAJOR, NODE_MINOR] = process.versions.node.split('.').map(Number) as [number, number];
const NODE_HAS_WHAT_UNDICI_8_NEEDS = NODE_MAJOR > 22 || (NODE_MAJOR === 22 && NODE_MINOR >= 19);
/** The handlers of Node's own fetch are of this version's kind. */
export const [UNDICI_INSIDE, UNDICI_INSIDE_MINOR] = process.versions.undici!.split('.').map(Number) as [number, number];

export const COPIES: Copy[] = [];
for (const [major, specifier] of [
  [6, 'undici6'],
  [7, 'undici'],
  [8, new URL('newest/node_modules/undici/index.js', import.meta.url).href],
] as const) {
  const name = `undici ${major}`;
  if (major === 8 && !NODE_HAS_WHAT_UNDICI_8_NEEDS) {
    console.warn(`SKIPPED: ${name} needs Node 22.19, and this is ${process.version}`);
    continue;
  }
  try {
    COPIES.push({ name, major, undici: (await import(specifier)) as Undici });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.warn(`SKIPPED: ${name}, since the package ${specifier} is not installed`);
  }
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** For verifyInterceptor. */
  options?: VerifyInterceptorOptions;
  /** What is composed behind it. */
  others?: Interceptor[];
}

export interface Outcome {
  status: number;
  data: string;
  /** What reading failed with. */
  error: unknown;
  /** The BodyError that it is, or has among its causes. */
  streamError: BodyError | undefined;
  verdict: Verdict;
}

export interface Client {
  name: string;
  /** Undefined where the only undici is the one inside Node. */
  copy: Copy | undefined;
  read(url: string, asking?: Asking): Promise<Outcome>;
}

export const CLIENTS: Client[] = [
  ...COPIES.flatMap((copy): Client[] => [
    { name: `${copy.name} request`, copy, read: (url, asking) => readByRequest(copy.undici, url, asking) },
    {
      name: `${copy.name} fetch`,
      copy,
      read: (url, asking) => readByFetch(copy.undici.fetch, agentOf(copy), url, asking),
    },
    ...(worksWithNodesFetch(copy)
      ? [{ name: `Node's fetch with an Agent of ${copy.name}`, copy, read: nodesFetch(copy) }]
      : []),
  ]),
  {
    name: "Node's fetch with its own dispatcher",
    copy: undefined,
    read: (url, asking) => readByFetch(fetch as Undici['fetch'], NODES_DISPATCHER, url, asking),
  },
];

function nodesFetch(copy: Copy): Client['read'] {
  return (url, asking) => readByFetch(fetch as Undici['fetch'], agentOf(copy), url, asking);
}

/** An Agent of undici 6 takes no handlers of the kind that the fetch of Node 26 has, with an interceptor or without. */
export function worksWithNodesFetch({ name, major }: Copy): boolean {
  const works = major > 6 || UNDICI_INSIDE < 8;
  if (!works) console.warn(`SKIPPED: Node's fetch of ${process.version} cannot use an Agent of ${name}`);
  return works;
}

export function agentOf({ undici }: Copy, options?: object): Dispatcher {
  const agent = new undici.Agent(options);
  onTestFinished(() => agent.destroy());
  return agent;
}

export function verifying(dispatcher: Dispatcher, { options, others = [] }: Asking = {}): Dispatcher {
  return dispatcher.compose(verifyInterceptor(options), ...others);
}

async function readByRequest(undici: Undici, url: string, asking: Asking = {}): Promise<Outcome> {
  const { options: _, others: __, ...request } = asking;
  const agent = new undici.Agent();
  onTestFinished(() => agent.destroy());
  const response = await undici.request(url, { ...request, dispatcher: verifying(agent, asking) });
  return { status: response.statusCode, ...(await readToEnd(response, response.body)) };
}

async function readByFetch(
  fetching: Undici['fetch'],
  dispatcher: Dispatcher,
  url: string,
  asking: Asking = {},
): Promise<Outcome> {
  const { options: _, others: __, ...request } = asking;
  const response = await fetching(url, { ...request, dispatcher: verifying(dispatcher, asking) });
  return { status: response.status, ...(await readToEnd(response, response.body ?? [])) };
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

async function readToEnd(response: { headers: object }, body: Pieces): Promise<Omit<Outcome, 'status'>> {
  const verdict = verdictOf(response);
  let data = '';
  let error: unknown;
  try {
    for await (const piece of body) data += latin1(piece);
  } catch (reason) {
    error = reason;
  }
  return { data, error, streamError: streamErrorIn(error), verdict: await verdict };
}

/** fetch hands on the error itself or, from some versions on, a TypeError with it as the cause. */
export function streamErrorIn(error: unknown): BodyError | undefined {
  let at: unknown = error;
  while (at instanceof Error && !(at instanceof BodyError)) at = at.cause;
  return at instanceof BodyError ? at : undefined;
}
