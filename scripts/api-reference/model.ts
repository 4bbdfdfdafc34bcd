/** What the reference knows of the public names: read.ts fills it from the sources, render.ts turns it into Markdown. */

export interface Section {
  specifier: string;
  /** What the header of its index says of it. */
  summary: string;
  entries: Entry[];
  /** What stands under an earlier subpath already. */
  alsoExported: Entry[];
}

export interface Entry extends Docs {
  name: string;
  /** As TypeScript, without bodies. */
  declaration: string;
  /** Of a class or an interface, those that it takes over from our own unexported ones included. */
  members: Member[];
}

export interface Member extends Docs {
  name: string;
  /** As TypeScript, on one line. */
  signature: string;
}

export interface Docs {
  /** Markdown; empty where there is no docstring. */
  text: string;
  /** The tags: `@throws`, `@returns`, `@param name`. */
  tags: { tag: string; text: string }[];
}
