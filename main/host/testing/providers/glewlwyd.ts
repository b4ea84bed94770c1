import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { freePort } from '../../../../contract/testing/port.ts'
import { type Page, TestBrowser } from '../../../session/testing/browser.ts'
import type { Authority } from './authority.ts'
import { directory, type OpenIdProvider, Server } from './provider.ts'

const [resource, another] = ['https://rooms.roomkeeper.test/', 'https://another.roomkeeper.test/']
const scopes = ['openid', 'profile', 'email', 'offline_access']
const person = { name: 'Amélie Laurent', email: 'amelie@contoso.test' }
const login = { username: 'amelie', password: 'amelies-password' }

/**
 * Glewlwyd with a database of its own, and without sessions of OpenID Connect (and so without an end-session address): with those, the
 * program dies of a redirect address without a path (2.7.5). It takes tokens' audience from `resource`, has a device flow, and
 * writes lists of more than one into access tokens as one text with commas.
 */
export async function startGlewlwyd(folder: string, { cert, key }: Authority): Promise<OpenIdProvider> {
  const [port, redirectPort] = [await freePort(), await freePort()]
  const [address, database] = [`https://localhost:${port}`, join(folder, 'glewlwyd.db')]
  const issuer = `${address}/api/oidc`
  makeDatabase(database)
  writeFileSync(join(folder, 'glewlwyd.conf'), configuration(port, database, { cert, key }))
  const server = new Server('glewlwyd', [`--config-file=${join(folder, 'glewlwyd.conf')}`])
  await server.answers(`${address}/config`)

  const administrator = new TestBrowser()
  const add = async (path: string, value: object, method = 'POST'): Promise<void> => {
    const { status, html } = await administrator.send(method, `${address}/api/${path}`, value)
    if (status !== 200) throw new Error(`${path} answered ${status}: ${html}`)
  }
  await add('auth/', { username: 'admin', password: 'password' })
  await add('mod/plugin/', openId(issuer))
  await add('client/', {
    client_id: 'console',
    name: 'Roomkeeper',
    confidential: false,
    enabled: true,
    redirect_uri: [`http://localhost:${redirectPort}`],
    authorization_type: ['code', 'refresh_token', 'device_authorization'],
    token_endpoint_auth_method: ['none'],
    scope: [],
    resources: [resource, another],
  })
  const ofDirectory = { oid: 'oid-of-amelie', tid: directory, groups: ['everybody', 'room-admins'] }
  await add('user/', { ...login, ...person, ...ofDirectory, enabled: true, scope: [...scopes, 'g_profile'] })

  return {
    issuer,
    options: ['--resource', resource, '--redirect-port', String(redirectPort), '--list-separator', ','],
    person,
    elsewhere: { resource: another },
    signIn: (browser, url) => signIn(browser, url, address),
    forget: () => execute(database, 'UPDATE gpo_refresh_token SET gpor_enabled = 0'),
    stop: () => server.stop(),
  }
}

/** What its own page of scripts does: it sends what was typed, says which scopes are granted, and goes on to where it is told. */
async function signIn(browser: TestBrowser, url: string, address: string): Promise<Page> {
  let page = await browser.open(url)
  for (let steps = 0; steps < 4; steps += 1) {
    const asked = new URL(page.url)
    if (!asked.pathname.endsWith('/login.html')) break
    await browser.send('POST', `${address}/api/auth/`, login)
    await browser.send('PUT', `${address}/api/auth/grant/console`, { scope: scopes.join(' ') })
    page = await browser.open(`${asked.searchParams.get('callback_url') ?? ''}&g_continue`)
  }
  return /<form/u.test(page.html) ? browser.submit(page, {}) : page
}

function execute(file: string, ...statements: readonly string[]): void {
  const database = new Database(file)
  try {
    database.pragma('synchronous = OFF')
    database.exec(`BEGIN; ${statements.join(';')}; COMMIT`)
  } finally {
    database.close()
  }
}

/** As the package makes it, with the properties and scopes that it does not have by itself. */
function makeDatabase(file: string): void {
  const property = (table: string, column: string, name: string, multiple: boolean) => {
    const format = `json('{"multiple":${multiple},"read":true,"write":true}')`
    return `UPDATE ${table} SET ${column} = json_set(${column}, '$."data-format".${name}', ${format})`
  }
  const scope = (name: string) =>
    `INSERT INTO g_scope (gs_name, gs_display_name, gs_description, gs_password_required, gs_password_max_age)
      VALUES ('${name}', '${name}', '${name}', 1, 0)`
  execute(
    file,
    gunzipSync(readFileSync('/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz')).toString('utf8'),
    ...['oid', 'tid'].map((name) => property('g_user_module_instance', 'gumi_parameters', name, false)),
    property('g_user_module_instance', 'gumi_parameters', 'groups', true),
    property('g_client_module_instance', 'gcmi_parameters', 'resources', true),
    ...scopes.filter((name) => name !== 'openid').map(scope),
  )
}

const configuration = (port: number, database: string, { cert, key }: Omit<Authority, 'ca'>): string =>
  [
    `port = ${port}`,
    'bind_address = "127.0.0.1"',
    `external_url = "https://localhost:${port}"`,
    'login_url = "login.html"',
    'api_prefix = "api"',
    'log_mode = "console"',
    'log_level = "WARNING"',
    'cookie_secure = 1',
    'session_key = "GLEWLWYD2_SESSION_ID"',
    'admin_scope = "g_admin"',
    'profile_scope = "g_profile"',
    ...['user', 'client', 'plugin'].map((kind) => `${kind}_module_path = "/usr/lib/glewlwyd/${kind}"`),
    'user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"',
    'use_secure_connection = true',
    `secure_connection_key_file = "${key}"`,
    `secure_connection_pem_file = "${cert}"`,
    'hash_algorithm = "SHA512"',
    `database = { type = "sqlite3"; path = "${database}"; };`,
  ].join('\n')

function openId(issuer: string) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const ofDirectory = ['oid', 'tid', 'groups']
  const enabled = ['code', 'refresh', 'device'].map((kind) => [`auth-type-${kind}-enabled`, true])
  return {
    module: 'oidc',
    name: 'oidc',
    display_name: 'OpenID Connect',
    order_rank: 0,
    enabled: true,
    parameters: {
      iss: issuer,
      'subject-type': 'public',
      'jwt-type': 'rsa',
      'jwt-key-size': '256',
      key: privateKey,
      cert: publicKey,
      'access-token-duration': 3_600,
      'refresh-token-duration': 86_400,
      'code-duration': 600,
      'refresh-token-rolling': true,
      'refresh-token-one-use': 'always',
      ...Object.fromEntries(enabled),
      'jwks-show': true,
      'pkce-allowed': true,
      'pkce-required': true,
      'allowed-scope': scopes,
      'name-claim': 'mandatory',
      'email-claim': 'mandatory',
      claims: ofDirectory.map((name) => ({ name, 'user-property': name, type: 'string', mandatory: true })),
      'additional-parameters': [...ofDirectory, 'name', 'email'].map((name) => ({ 'user-parameter': name, 'token-parameter': name })),
      'introspection-revocation-allowed': true,
      'introspection-revocation-allow-target-client': true,
      'device-authorization-expiration': 600,
      'device-authorization-interval': 1,
      'resource-allowed': true,
      'resource-client-property': 'resources',
      'resource-scope-and-client-property': false,
    },
  }
}
