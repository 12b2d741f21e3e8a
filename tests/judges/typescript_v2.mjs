import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { judge, url, version } from './story.mjs';

for (const mode of ['auto', 'legacy', { pin: '2026-07-28' }]) {
  const name = `TypeScript SDK ${version('@modelcontextprotocol/client')}, ${mode.pin ? 'pinned' : mode}`;
  await judge(name, async (token) => {
    const client = new Client({ name: 'judge', version: '1' }, { versionNegotiation: { mode } });
    const headers = { Authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return {
      revision: client.getNegotiatedProtocolVersion(),
      tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  });
}
