/**
 * A download that keeps what has come, and asks for the rest of the same file: Range, with the ETag in If-Range. A server
 * whose file has changed answers with the whole of the new one. The Repr-Digest of the whole decides in the end.
 */
export class Download {
  #url;
  #createHasher;
  #pieces;
  #hasher;
  #etag;
  #digest;

  constructor(url, createHasher) {
    this.#url = url;
    this.#createHasher = createHasher;
    this.restart();
  }

  restart() {
    this.#pieces = [];
    this.#hasher = this.#createHasher();
    this.#etag = undefined;
    this.bytes = 0;
    this.total = undefined;
    /** Of the run that goes on or is over: where it began. */
    this.from = 0;
    this.error = undefined;
    /** The whole, once it is proven. */
    this.blob = undefined;
  }

  /** @param onProgress called for each piece */
  async fetchRest(query, onProgress) {
    this.error = undefined;
    this.from = this.bytes;
    try {
      const headers = this.#etag === undefined ? {} : { Range: `bytes=${this.bytes}-`, 'If-Range': this.#etag };
      this.#begin(await fetch(this.#url + query, { headers, cache: 'no-store' }));
      for (let next = await this.reader.read(); !next.done; next = await this.reader.read()) {
        this.#pieces.push(next.value);
        this.#hasher.update(next.value);
        this.bytes += next.value.length;
        onProgress(this);
      }
      this.#conclude();
    } catch (error) {
      this.error = error;
    }
  }

  #begin(response) {
    const etag = response.headers.get('ETag');
    if (response.status === 200) {
      this.restart(); // the first time, or the file is another now
      this.#etag = etag?.startsWith('"') ? etag : undefined; // a weak one continues nothing
      this.#digest = /\bsha-256=:([A-Za-z0-9+/=]+):/.exec(response.headers.get('Repr-Digest'))?.[1];
      this.total = Number(response.headers.get('Content-Length'));
    } else if (
      response.status !== 206 ||
      etag !== this.#etag ||
      response.headers.get('Content-Range') !== `bytes ${this.bytes}-${this.total - 1}/${this.total}`
    ) {
      throw new Error(`The server answered ${response.status} with another part than was asked for`);
    }
    this.reader = response.body.getReader();
  }

  #conclude() {
    const digest = btoa(String.fromCharCode(...this.#hasher.digest()));
    if (this.#digest === undefined || this.bytes !== this.total || digest !== this.#digest) {
      this.restart();
      throw new Error('What came is not the file: its digest disagrees');
    }
    this.blob = new Blob(this.#pieces, { type: 'text/csv' });
  }
}
