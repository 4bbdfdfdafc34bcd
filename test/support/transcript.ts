/** What has been read so far from a pipe or a socket, and a way to wait for words in it instead of sleeping. */

export class Transcript {
  readonly #chunks: Buffer[] = [];
  #hasEnded = false;
  #waiting: (() => void)[] = [];

  add(data: Buffer): void {
    this.#chunks.push(data);
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  get octets(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** As UTF-8. */
  get text(): string {
    return this.octets.toString();
  }

  /** The first match, as soon as there is one. Rejects if the end comes before. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) return match;
      if (this.#hasEnded) throw new Error(`${pattern} was not in: ${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
