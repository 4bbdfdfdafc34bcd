/** The package as a user has it: packed into a tarball from what is built, and installed from that into a folder. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { manifest, ROOT } from '../../scripts/check-package/subpaths.ts';

export const run = promisify(execFile);

/** npm is a script on Windows: no argument here may need quotes. Nothing is asked about the package on the network. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, npm_config_audit: 'false', npm_config_fund: 'false', npm_config_dry_run: 'false' };
  const { stdout } = await run('npm', args, { cwd, env, shell: process.platform === 'win32', maxBuffer: 1e7 });
  return stdout;
}

export interface Packed {
  /** A folder of its own for this test. */
  folder: string;
  /** The name of the tarball, which lies in `folder`. */
  tarball: string;
  bytes: number;
  /** The files in it, with "/" between folders. */
  files: string[];
  remove(): Promise<void>;
}

/** Packs what `npm run build` made. The scripts stay out: `prepack` would build again, under other tests' feet. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chunked-trailers-package-'));
  // The file list of pack as JSON has had several shapes; the tarball itself is asked instead.
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const tarball = `${manifest.name}-${manifest.version}.tgz`;
  const listed = await run('tar', ['-tzf', tarball], { cwd: folder });
  const files = listed.stdout
    .trim()
    .split(/\r?\n/)
    .map((file) => file.replace(/^package\//, ''));
  const { size: bytes } = await stat(path.join(folder, tarball));
  return { folder, tarball, bytes, files: files.sort(), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Installs the tarball into a new folder beside it, as a user does. */
export async function install(packed: Packed, name: string): Promise<string> {
  const folder = path.join(packed.folder, name);
  await mkdir(folder);
  await npm(['install', `../${packed.tarball}`], folder);
  return folder;
}

/** Writes a program into the folder and runs it there. */
export async function runProgram(
  folder: string,
  file: string,
  code: string,
  node: string = process.execPath,
): Promise<{ stdout: string; stderr: string }> {
  await writeFile(path.join(folder, file), code);
  return run(node, [file], { cwd: folder });
}
