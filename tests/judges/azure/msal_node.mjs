// MSAL for Node as the middle tier: the exchange On-Behalf-Of and every way it can be refused.
import { ConfidentialClientApplication, InteractionRequiredAuthError, ServerError } from '@azure/msal-node';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { version } from '../story.mjs';
import { done, equal, exchanges, order, settings, token } from './lab.mjs';

const pem = readFileSync(settings.AZURE_CERT_PATH, 'utf8');
const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----')));
const scopes = [`${settings.AZURE_RESOURCE_MANAGER_URL}/.default`];
const { ALICE_OBJECT_ID: ALICE, BOB_OBJECT_ID: BOB } = settings;

// what went to the token endpoint last, and what came back
let sent, received;
const { fetch } = globalThis;
globalThis.fetch = async (url, options) => {
  sent = new URLSearchParams(options.body);
  return (received = await fetch(url, options));
};

/// A new one for each case: it remembers throttling.
function app(privateKey = pem, clientCapabilities = [], tenant = settings.AZURE_TENANT_ID) {
  return new ConfidentialClientApplication({
    auth: {
      clientId: settings.AZURE_CLIENT_ID,
      authority: `${settings.AZURE_AUTHORITY_HOST}/${tenant}`,
      // what a sovereign cloud or AD FS needs too: this authority is not on Microsoft's list
      knownAuthorities: [new URL(settings.AZURE_AUTHORITY_HOST).host],
      clientCertificate: { privateKey, thumbprintSha256: createHash('sha256').update(certificate.raw).digest('hex') },
      clientCapabilities,
    },
  });
}

const exchange = (oboAssertion, client = app(), more = {}) =>
  client.acquireTokenOnBehalfOf({ oboAssertion, scopes, ...more });
const part = (jwt, index) => JSON.parse(Buffer.from(jwt.split('.')[index], 'base64url'));
const claims = (result) => part(result.accessToken, 1);

async function refused(kind, call, error, code, suberror = '') {
  const failure = await call.then(() => 'no failure', (failure) => failure);
  equal([failure.constructor.name, failure.errorCode, failure.subError ?? ''], [kind.name, error, suberror]);
  equal(failure.errorMessage.includes(`AADSTS${code}: `), true);
  return failure;
}

// as the user, with a certificate, once
const client = app();
let alice = await token('alice');
const result = await exchange(alice, client);
const { oid, aud, scp } = claims(result);
equal([oid, aud, scp], [ALICE, settings.AZURE_RESOURCE_MANAGER_URL, 'user_impersonation']);
equal([result.account.homeAccountId, result.account.username], [`${ALICE}.${settings.AZURE_TENANT_ID}`, 'alice@contoso.example']);
const header = part(sent.get('client_assertion'), 0);
equal([header.alg, 'x5t#S256' in header, result.fromCache], ['PS256', true, false]);
const before = await exchanges('alice');
const again = await exchange(alice, client);
equal([again.accessToken, again.fromCache], [result.accessToken, true]);
equal(await exchanges('alice'), before);
equal(claims(await exchange(await token('bob'), client)).oid, BOB);
equal(claims(await exchange(alice, app(pem, ['cp1']))).xms_cc, ['cp1']);

// as itself
const own = await client.acquireTokenByClientCredential({ scopes });
equal([claims(own).oid, claims(own).idtyp], [settings.SERVER_OBJECT_ID, 'app']);
equal((await client.acquireTokenByClientCredential({ scopes })).fromCache, true);

// the credential
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
await refused(ServerError, exchange(alice, app(other)), 'invalid_client', 700027);
await order('registration remove');
await refused(ServerError, exchange(alice), 'invalid_client', 700027);
await refused(ServerError, app().acquireTokenByClientCredential({ scopes }), 'invalid_client', 700027);
await order('registration add');

// the user's token
await refused(ServerError, exchange(await token('alice expired')), 'invalid_grant', 500133);
await refused(ServerError, exchange('x.y.z'), 'invalid_request', 50027);

// the administrators
await order('consent withdraw');
await refused(InteractionRequiredAuthError, exchange(alice), 'invalid_grant', 65001, 'consent_required');
await order('consent grant');
equal(claims(await exchange(alice)).oid, ALICE);
const { policy } = await order('policy mfa');
const step = await refused(InteractionRequiredAuthError, exchange(alice), 'interaction_required', 50076, 'basic_action');
equal(JSON.parse(step.claims), { access_token: { capolids: { essential: true, values: [policy] } } });
equal(claims(await exchange(await token('alice mfa'), app(), { claims: step.claims })).oid, ALICE);
await order('policy none');
await order('policy block');
await refused(InteractionRequiredAuthError, exchange(alice), 'invalid_grant', 53003, 'message_only');
await order('policy none');
await order('revoke alice');
await refused(ServerError, exchange(alice), 'invalid_grant', 50133);
alice = await token('alice');
equal(claims(await exchange(alice)).oid, ALICE);

// the tenant
await refused(ServerError, exchange(alice, app(pem, [], 'common')), 'invalid_request', 50194);

// too many requests: it does not ask again before the time is over
const hasty = app();
await order('throttle entra 1 30');
const asked = await exchanges('alice');
await refused(ServerError, exchange(alice, hasty), 'temporarily_unavailable', 90055);
equal([received.status, received.headers.get('retry-after')], [429, '30']);
const held = await exchange(alice, hasty).catch((failure) => failure);
equal([held.constructor.name, held.errorMessage.includes('AADSTS90055: ')], ['ServerError', true]);
equal(await exchanges('alice'), asked + 1);
equal(claims(await exchange(alice)).oid, ALICE);

await done(`MSAL for Node ${version('@azure/msal-node')}`);
