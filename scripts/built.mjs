/** Builds dist, unless it is newer than all of src: what only wants to run it does not wait for the compiler. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const changed = (file) => statSync(new URL(file, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = readdirSync(new URL('src', root), { recursive: true }).map((file) => changed(`src/${file}`));
if (Math.max(...sources) >= changed('dist/cli/main.js')) {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}
