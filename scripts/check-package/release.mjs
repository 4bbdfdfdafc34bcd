/**
 * node scripts/check-package/release.mjs v1.2.3 owner/name: whether package.json, the lock file and the changelog are
 * ready to be published under this tag, from this repository. npm refuses provenance for another `repository`.
 */
import { readFileSync } from 'node:fs';

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const [tag, repository] = process.argv.slice(2);
const { version, repository: declared } = JSON.parse(read('package.json'));
const url = (typeof declared === 'string' ? declared : declared?.url) ?? '';

const faults = [
  tag !== `v${version}` && `the tag is ${tag}, the version in package.json ${version}`,
  JSON.parse(read('package-lock.json')).version !== version && 'package-lock.json has another version: npm install',
  !read('CHANGELOG.md').includes(`## ${version}`) && `CHANGELOG.md has no heading "## ${version}"`,
  !url.replace(/\.git$/, '').endsWith(`/${repository}`) && `repository in package.json is "${url}", not ${repository}`,
].filter(Boolean);

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
