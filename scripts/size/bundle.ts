/** A subpath as a page gets it: bundled by esbuild for the browser, minified, and compressed as a server would. */
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';

/**
 * What a page may have to load of a subpath as a whole, in octets of gzip: about 5 % over what was measured when the
 * number was last set. Raise it with the reason in the commit. A subpath without a number here has no budget.
 */
export const BUDGETS: Readonly<Record<string, number>> = {
  './core': 9_300,
  './web': 13_100,
};

export interface Bundle {
  code: string;
  minifiedBytes: number;
  gzipBytes: number;
  /** The files that went into it, relative to `folder`. */
  inputs: string[];
}

/**
 * All that the module exports, in one file.
 *
 * @param specifier as in an import statement
 * @param folder where the import stands
 * @throws Error for what cannot be had in a browser, such as `node:` modules
 */
export async function bundle(specifier: string, folder: string, options: BuildOptions = {}): Promise<Bundle> {
  const result = await build({
    stdin: { contents: `export * from ${JSON.stringify(specifier)};`, resolveDir: folder },
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    legalComments: 'none',
    ...options,
  });
  const { contents, text } = result.outputFiles![0]!;
  return {
    code: text,
    minifiedBytes: contents.length,
    gzipBytes: gzipSync(contents, { level: 9 }).length,
    inputs: Object.keys(result.metafile!.inputs).filter((input) => input !== '<stdin>'),
  };
}
