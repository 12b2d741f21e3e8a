// The official conformance suite, once a revision. Usage: conformance.mjs NAME URL BASELINES [SCENARIO...]
// BASELINES is the folder of the failures expected, because the server offers tools and nothing else; each SCENARIO is
// expected to fail beside them. An entry that does not fail any more is a failure too.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const [name, url, baselines, ...more] = process.argv.slice(2);
const suite = new URL('node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url).pathname;

for (const revision of ['2026-07-28', '2025-11-25']) {
  const baseline = new URL('baseline.yml', import.meta.url).pathname;
  const expected = readFileSync(`${baselines}/baseline-${revision.slice(0, 4)}.yml`);
  writeFileSync(baseline, expected + more.map((scenario) => `  - ${scenario}\n`).join(''));
  const options = ['server', '--url', url, '--requirements', revision, '--expected-failures', baseline];
  // fails with the whole output in its message, if a failure is unexpected
  const { stdout } = await promisify(execFile)(process.execPath, [suite, ...options]).catch((failed) => {
    throw new Error(failed.stdout.slice(-4000));
  });
  const [, passed] = stdout.match(/^Total: (\d+) passed/m);
  console.log(`| ${name} | ${revision} | ${passed} checks passed, no unexpected failure |`);
}
