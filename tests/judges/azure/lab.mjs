// The same as lab.py, which says what each is for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import tls from 'node:tls';

const lab = spawn(process.env.LOCAL_AZURE, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: lab.stdout })[Symbol.asyncIterator]();
const answered = async () => JSON.parse((await lines.next()).value);
let checks = 0;

export const settings = await answered();
// as NODE_EXTRA_CA_CERTS would, but that is read before there is a lab
tls.setDefaultCACertificates([readFileSync(settings.SSL_CERT_FILE, 'utf8')]);

export async function order(words) {
  lab.stdin.write(`${words}\n`);
  const answer = await answered();
  assert.equal(answer.refused, undefined, `${words}: ${answer.refused}`);
  return answer;
}

export const token = async (words) => (await order(`token ${words}`)).token;

export const exchanges = async (person) => (await order(`exchanges ${person}`)).exchanges;

export function equal(actual, expected) {
  assert.deepEqual(actual, expected);
  checks += 1;
}

export async function done(library) {
  lab.stdin.end();
  equal((await once(lab, 'exit'))[0], 0);
  console.log(`| ${library} | ${checks} checks passed |`);
}
