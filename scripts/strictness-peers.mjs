/** npm run strictness:peers: installs h11, which the strictness tests compare with, from Debian or Ubuntu. */
import { spawnSync } from 'node:child_process';

const isThere = () => spawnSync('/usr/bin/python3', ['-c', 'import h11']).status === 0;
const run = (...args) => spawnSync(args[0], args.slice(1), { stdio: 'inherit' }).status === 0;

if (isThere()) {
  console.log('h11 is there');
} else {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const install = [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', 'python3-h11'];
  run(...install) || (run(...sudo, 'apt-get', 'update') && run(...install));
  if (!isThere()) {
    console.error('h11 could not be installed: the tests that compare with it will be skipped, and say so');
    process.exitCode = 1;
  }
}
