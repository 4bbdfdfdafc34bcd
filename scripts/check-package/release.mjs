/**
 * node scripts/check-package/release.mjs v1.2.3 owner/name: whether package.json, the lock file and the changelog are
 * ready to be published under this tag, from this repository. npm refuses provenance for another `repository`.
 *
 * Without arguments (npm run release:dry): it says what is missing, and fails at nothing.
 */
import { readFileSync } from 'node:fs';

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const [tag, name] = process.argv.slice(2);
const { version, repository, homepage, bugs } = JSON.parse(read('package.json'));
const urlOf = (field) => (typeof field === 'string' ? field : field?.url) ?? '';
const url = urlOf(repository).replace(/\.git$/, '');

const faults = [
  tag !== undefined && tag !== `v${version}` && `the tag is ${tag}, the version in package.json ${version}`,
  JSON.parse(read('package-lock.json')).version !== version && 'package-lock.json has another version: npm install',
  !read('CHANGELOG.md').includes(`## ${version}`) && `CHANGELOG.md has no heading "## ${version}"`,
  url === '' && 'package.json has no repository: the links of the README lead nowhere on npm (CONTRIBUTING.md)',
  name !== undefined && !url.endsWith(`/${name}`) && `repository in package.json is "${url}", not ${name}`,
  urlOf(homepage) === '' && 'package.json has no homepage',
  urlOf(bugs) === '' && 'package.json has no bugs: nobody is told where to report one',
].filter(Boolean);

for (const fault of faults) console.error(tag === undefined ? `Before a release: ${fault}` : fault);
process.exitCode = faults.length === 0 || tag === undefined ? 0 : 1;
