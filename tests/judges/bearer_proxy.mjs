// Adds a token to what the conformance suite sends, because it can send none, and changes nothing else: Host and Origin
// pass as they came. Usage: bearer_proxy.mjs PORT.
import { createServer, request } from 'node:http';
import { once } from 'node:events';

const { MCP_SERVER_URL, ALICE_TOKEN } = process.env;
const { hostname, port } = new URL(MCP_SERVER_URL);

const server = createServer(async (incoming, outgoing) => {
  const headers = { ...incoming.headers, authorization: `Bearer ${ALICE_TOKEN}` };
  const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers });
  incoming.pipe(onward);
  const [answer] = await once(onward, 'response');
  outgoing.writeHead(answer.statusCode, answer.headers);
  answer.pipe(outgoing);
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
