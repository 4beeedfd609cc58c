// Version 2 of the TypeScript SDK: takes the whole callback and compares `iss` with the issuer it recorded.
import { Client, StreamableHTTPClientTransport as Transport, UnauthorizedError } from '@modelcontextprotocol/client';
import { run } from './typescript.mjs';

const finish = (transport, parameters) => transport.finishAuth(parameters);
const habits = { refreshesOnStepUp: false, asksForOfflineAccess: true };
await run({ name: 'typescript-v2', Client, Transport, UnauthorizedError, finish, ...habits });
process.exit();
