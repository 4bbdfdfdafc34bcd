/** A subject in a process of its own: started again if a request has ended it, which the cell then reports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('./server.js', import.meta.url));

type News = { port: number } | { closed: string } | { called: string; id: string };

export class Running {
  readonly #name: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #port = 0;
  #output = '';
  readonly #closed = new Set<string>();
  #onNews = () => {};

  /** What ended each response, by the id of its request: in a process that tells it (server.js). */
  readonly called = new Map<string, string>();

  constructor(name: string, env: Record<string, string> = {}) {
    this.#name = name;
    this.#env = env;
  }

  /** Its port; starts the process if there is none. */
  async port(): Promise<number> {
    if (this.#child === undefined) await this.#start();
    return this.#port;
  }

  async #start(): Promise<void> {
    const child = spawn(process.execPath, [SERVER, this.#name], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (this.#output += data));
    const started = new Promise<void>((resolve, reject) => {
      child.on('message', (news: News) => {
        if ('port' in news) {
          this.#port = news.port;
          resolve();
        } else if ('closed' in news) this.#closed.add(news.closed);
        else this.called.set(news.id, news.called);
        this.#onNews();
      });
      child.on('close', () => {
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`${this.#name} did not start: ${this.#output}`));
        this.#onNews();
      });
    });
    await started;
  }

  release(id: string): void {
    this.#child?.send({ release: id }, () => {});
  }

  /** Whether the source of this request is closed, or will be before the milliseconds are over. */
  async hasClosed(id: string, ms: number): Promise<boolean> {
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, ms).unref()).then(() => 'late');
    while (!this.#closed.has(id) && this.#child !== undefined) {
      const news = new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
      if ((await Promise.race([news, timeout])) === 'late') break;
    }
    return this.#closed.has(id);
  }

  /** What it died of, if it did: the last error that it printed. */
  get death(): string | undefined {
    if (this.#child !== undefined && this.#child.exitCode === null) return undefined;
    return /^\w*Error.*$/m.exec(this.#output)?.[0] ?? this.#output.slice(-200);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  }
}
