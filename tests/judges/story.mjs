// What a person must get through any client: Alice her costs, Bob the sentence of his refusal, and both the name of the
// scope that cost_export lacks. `.ci/judges` sets the environment; see there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const { MCP_SERVER_URL: url, AZURE_SUB: subscriptionId, ALICE_TOKEN, BOB_TOKEN } = process.env;

/// The version of an installed package.
export function version(name) {
  const folder = createRequire(import.meta.url).resolve.paths(name)[0];
  return JSON.parse(readFileSync(`${folder}/${name}/package.json`)).version;
}

/// `connect(token)` gives `{ revision, tools(): names, call(tool, arguments): result, close() }`. A call that the client
/// refuses to return throws; what it throws is what the person sees.
export async function judge(client, connect) {
  const alice = await connect(ALICE_TOKEN);
  const tools = await alice.tools();
  for (const tool of ['cost_by_service', 'cost_export', 'whoami']) assert.ok(tools.includes(tool), `no ${tool}`);
  assert.match(text(await alice.call('whoami', {})), /alice@contoso\.example/);
  const costs = await alice.call('cost_by_service', { subscriptionId });
  assert.ok(!costs.isError);
  assert.match(text(costs), /^\*\*Spend by service\*\*/);
  assert.ok(costs.structuredContent);
  const step = await shown(alice.call('cost_export', { subscriptionId }));
  assert.match(step, /cost\.export/);
  // a refusal must not cost the connection
  assert.match(text(await alice.call('whoami', {})), /alice@contoso\.example/);
  await alice.close();

  const bob = await connect(BOB_TOKEN);
  const refused = await bob.call('cost_by_service', { subscriptionId });
  const sentence = text(refused);
  assert.equal(refused.isError, true);
  assert.match(sentence, /^403: caller \(bob@contoso\.example\) lacks Cost Management Reader on subscription /);
  await bob.close();
  console.log(`| ${client} | ${alice.revision} | ${tools.length} tools | yes | \`${oneLine(sentence)}\` | \`${step}\` |`);
}

const text = (result) => result.content.map((block) => block.text).join('\n');

async function shown(call) {
  try {
    return text(await call);
  } catch (error) {
    return oneLine(`${error.name}: ${error.message}`);
  }
}

const oneLine = (shown) => shown.replaceAll(/\s+/g, ' ');
