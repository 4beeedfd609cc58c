// Version 1 of the TypeScript SDK: does not look at `iss`, refreshes when asked for more scopes.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { run } from './typescript.mjs';

const finish = (transport, parameters) => transport.finishAuth(parameters.get('code'));
const habits = { refreshesOnStepUp: true, asksForOfflineAccess: false };
await run({ name: 'typescript-v1', Client, Transport, UnauthorizedError, finish, ...habits });
process.exit();
