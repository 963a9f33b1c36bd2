// SPDX-License-Identifier: Apache-2.0
// The certified `oidc-provider` on a free port of 127.0.0.1, with one client for each way to sign and to authenticate.
// node provider.mjs REDIRECT_URI prints its issuer. Any password does; who somebody is stands in kPeople.
import {createServer} from 'node:http';
import {exportJWK, generateKeyPair} from 'jose';
import {Provider} from 'oidc-provider';

const redirectUri = process.argv[2];

const kPeople = {
  anna: {email: 'Anna@Example.com', email_verified: true, name: 'Anna Berg', groups: ['staff', 'ml-platform']},
  berta: {email: 'berta@example.com', email_verified: true, name: 'Berta', groups: ['staff']},
  mallory: {email: 'anna@example.com', email_verified: false, name: 'Mallory', groups: []},
  stranger: {email: 'stranger@elsewhere.example', email_verified: true, name: 'Stranger', groups: []},
  nameless: {groups: ['staff']},
};

async function key(alg, kid) {
  const {privateKey} = await generateKeyPair(alg, {extractable: true});
  return {...(await exportJWK(privateKey)), alg, kid, use: 'sig'};
}

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const client = {redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code']};
const provider = new Provider(issuer, {
  jwks: {keys: [await key('RS256', 'r1'), await key('ES256', 'e1'), await key('EdDSA', 'd1')]},
  clients: [
    {...client, client_id: 'basic', client_secret: 'a secret/with+signs:and%more', token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'RS256'},
    {...client, client_id: 'public', token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'ES256'},
    {...client, client_id: 'edwards', client_secret: 'another-long-secret-for-this-client', token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'EdDSA'},
  ],
  enabledJWA: {idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA']},
  scopes: ['openid', 'email', 'profile', 'groups'],
  claims: {openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups']},
  conformIdTokenClaims: false,  // as the big providers do: claims come with the ID token
  pkce: {required: () => true},
  cookies: {keys: ['only for this test']},
  ttl: {Session: 600, Interaction: 600, Grant: 600, IdToken: 600, AccessToken: 600, AuthorizationCode: 60},
  findAccount: (_context, id) => ({accountId: id, claims: () => ({sub: id, ...(kPeople[id] ?? {})})}),
});
server.on('request', provider.callback());
console.log(issuer);
