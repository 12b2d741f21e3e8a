// One process a request, as at a prompt. `--strict` ends with code 6 for a tool schema that some model could not use.
import { execFile } from 'node:child_process';
import { judge, url, version } from './story.mjs';

const inspector = new URL('node_modules/.bin/mcp-inspector', import.meta.url).pathname;

for (const era of ['auto', 'legacy', 'modern']) {
  await judge(`MCP Inspector ${version('@modelcontextprotocol/inspector')}, ${era}`, async (token) => {
    const run = (...request) => ask(token, era, request);
    return {
      revision: era === 'legacy' ? '2025-11-25' : '2026-07-28',
      tools: async () => (await run('--method', 'tools/list', '--strict')).tools.map((tool) => tool.name),
      call: (name, args) =>
        run('--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args)),
      close: () => {},
    };
  });
}

function ask(token, era, request) {
  const options = ['--cli', url, '--transport', 'http', '--protocol-era', era, '--format', 'json', '--quiet'];
  const header = ['--stored-auth-only', '--header', `Authorization: Bearer ${token}`];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [inspector, ...options, ...header, ...request], (failed, stdout, stderr) => {
      // code 5: the result is a tool's error
      if (!failed || failed.code === 5) return resolve(JSON.parse(stdout).result);
      const { code, message } = stderr.startsWith('{') ? JSON.parse(stderr).error : failed;
      reject(Object.assign(new Error(message), { name: code }));
    });
  });
}
