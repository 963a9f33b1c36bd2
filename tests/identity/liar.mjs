// SPDX-License-Identifier: Apache-2.0
// A provider that does one thing wrong at a time: POST /lie names it. It checks what it is sent as a strict provider
// would, so that what it refuses is our fault. node liar.mjs prints its issuer.
import {createHash, createHmac, createPublicKey} from 'node:crypto';
import {createServer} from 'node:http';
import {exportJWK, generateKeyPair, SignJWT} from 'jose';

const kClient = 'slipway';
const kSecret = 'the-secret';
const codes = new Map();  // code → {nonce, challenge, redirect_uri}
let lie = '';
let keys = await generateKeyPair('RS256', {extractable: true});
let kid = 'k1';
const other = await generateKeyPair('RS256', {extractable: true});

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function idToken(nonce) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {iss: issuer, aud: kClient, sub: 'liar-1', nonce, iat: now, exp: now + 300, email: 'anna@example.com', email_verified: true, name: 'Anna'};
  const changes = {
    'wrong issuer': {iss: 'https://evil.example'}, 'wrong audience': {aud: 'somebody-else'}, 'two audiences': {aud: [kClient, 'other']},
    'wrong nonce': {nonce: 'replayed'}, 'no nonce': {nonce: undefined}, 'expired': {iat: now - 900, exp: now - 600}, 'of the future': {iat: now + 900, exp: now + 1200},
    'no subject': {sub: undefined}, 'unverified': {email_verified: 'true'}, 'long subject': {sub: 'x'.repeat(300)},
  }[lie] ?? {};
  const body = {...claims, ...changes};
  if (lie === 'unsigned') return `${part({alg: 'none'})}.${part(body)}.`;
  if (lie === 'public key as secret') {
    const pem = createPublicKey({key: await exportJWK(keys.publicKey), format: 'jwk'}).export({type: 'spki', format: 'pem'});
    const head = `${part({alg: 'HS256', kid})}.${part(body)}`;
    return `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`;
  }
  if (lie === 'rotated') {
    keys = await generateKeyPair('RS256', {extractable: true});
    kid = 'k2';
  }
  const signed = await new SignJWT(body).setProtectedHeader({alg: 'RS256', kid: lie === 'unknown key' ? 'k9' : kid}).sign(lie === 'foreign key' ? other.privateKey : keys.privateKey);
  if (lie !== 'changed claims') return signed;
  const [header, , signature] = signed.split('.');
  return `${header}.${part({...body, sub: 'admin'})}.${signature}`;
}

function metadata() {
  return {
    issuer: lie === 'other name' ? 'https://evil.example' : issuer, authorization_endpoint: `${issuer}/auth`, jwks_uri: `${issuer}/jwks`,
    ...(lie === 'no token endpoint' ? {} : {token_endpoint: `${issuer}/token`}),
  };
}

function authorize(query, answer) {
  const need = {response_type: 'code', client_id: kClient, code_challenge_method: 'S256'};
  for (const [name, value] of Object.entries(need)) if (query.get(name) !== value) return answer(400, {error: `bad ${name}`});
  if (!query.get('scope').split(' ').includes('openid') || query.get('state').length < 32 || query.get('nonce').length < 32 || query.get('code_challenge').length !== 43) return answer(400, {error: 'weak request'});
  const code = `code-${codes.size}`;
  codes.set(code, {nonce: query.get('nonce'), challenge: query.get('code_challenge'), redirectUri: query.get('redirect_uri')});
  const back = new URL(query.get('redirect_uri'));
  const fields = {code, state: lie === 'wrong state' ? 'x'.repeat(43) : query.get('state')};
  if (lie === 'refuses') Object.assign(fields, {code: '', error: 'access_denied', error_description: 'The user said no\u001b[31m'});
  if (lie === 'mixed up') fields.iss = 'https://evil.example';
  for (const [name, value] of Object.entries(fields)) if (value) back.searchParams.set(name, value);
  answer(302, '', {location: back.href});
}

async function token(request, form, answer) {
  const [id, secret] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString().split(':');
  if (id !== kClient || secret !== encodeURIComponent(kSecret) || lie === 'rejects the client') return answer(401, {error: 'invalid_client', error_description: 'client authentication failed'});
  const known = codes.get(form.get('code'));
  codes.delete(form.get('code'));  // once
  const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
  if (!known || known.challenge !== challenge || known.redirectUri !== form.get('redirect_uri') || form.get('grant_type') !== 'authorization_code') return answer(400, {error: 'invalid_grant'});
  if (lie === 'breaks') return answer(500, '<html>sorry</html>', {'content-type': 'text/html'});
  if (lie === 'no JSON') return answer(200, 'ok');
  if (lie === 'no token') return answer(200, {access_token: 'a', token_type: 'Bearer'});
  if (lie === 'endless') return answer(200, 'x'.repeat(2_000_000));
  if (lie === 'silent') return;  // never answers
  return answer(200, {access_token: 'a', token_type: 'Bearer', id_token: await idToken(known.nonce)});
}

server.on('request', async (request, response) => {
  const answer = (status, body, headers = {}) => {
    response.writeHead(status, {'content-type': 'application/json', ...headers});
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  let text = '';
  for await (const piece of request) text += piece;
  const url = new URL(request.url, issuer);
  if (url.pathname === '/lie') {
    lie = text;
    return answer(200, {});
  }
  if (url.pathname === '/.well-known/openid-configuration') return answer(200, metadata());
  if (url.pathname === '/jwks') return answer(200, {keys: [{...(await exportJWK(keys.publicKey)), kid, use: 'sig', alg: 'RS256'}]});
  if (url.pathname === '/auth') return authorize(url.searchParams, answer);
  if (url.pathname === '/token') return token(request, new URLSearchParams(text), answer);
  return answer(404, {});
});
console.log(issuer);
