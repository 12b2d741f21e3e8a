// "Why did October cost more?", asked with the Inspector's command line. Prints the transcript that the README shows: the
// commands as a person types them, and the text of the answers. Months are those before today.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ALICE_TOKEN, subscriptionId, url } from './story.mjs';

const inspector = new URL('node_modules/.bin/mcp-inspector', import.meta.url).pathname;

await ask('Which subscriptions are there?', 'subscriptions_list', {});
await ask(`Why did ${lastMonth()} cost more?`, 'cost_compare', { subscriptionId, top: 5, drillDown: true });
function lastMonth() {
  const today = new Date();
  const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1));
  return month.toLocaleString('en', { month: 'long', timeZone: 'UTC' });
}

async function ask(question, tool, args) {
  const request = ['--method', 'tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args)];
  const options = ['--cli', url, '--transport', 'http', '--format', 'json', '--quiet', '--stored-auth-only'];
  const header = ['--header', `Authorization: Bearer ${ALICE_TOKEN}`];
  const { stdout } = await promisify(execFile)(process.execPath, [inspector, ...options, ...header, ...request]);
  const { content, isError } = JSON.parse(stdout).result;
  if (isError) throw new Error(content[0].text);
  console.log(`# ${question}`);
  console.log(`$ mcp-inspector --cli $URL --transport http --header "Authorization: Bearer $ALICE" \\`);
  console.log(`    --method tools/call --tool-name ${tool} --tool-args-json '${JSON.stringify(args)}'`);
  console.log(`${content[0].text.trimEnd()}\n`);
}
