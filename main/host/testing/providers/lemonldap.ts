import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../../contract/testing/port.ts'
import type { Authority } from './authority.ts'
import { directory, type OpenIdProvider, Server } from './provider.ts'

/**
 * LemonLDAP::NG in its demonstration mode, whose accounts have their names as passwords. It sends people back to one address, to the
 * letter, names further audiences beside the client's own, and has neither a device flow nor an address where refresh tokens are revoked.
 */
export async function startLemonldap(folder: string, { cert, key }: Authority): Promise<OpenIdProvider> {
  const [port, redirectPort] = [await freePort(), await freePort()]
  const issuer = `https://localhost:${port}`
  const places = Object.fromEntries(['conf', 'sessions', 'persistent', 'cache'].map((name) => [name, join(folder, name)]))
  for (const place of Object.values(places)) mkdirSync(join(place, 'lock'), { recursive: true })
  const settings = [
    ...['[all]', 'logLevel = warn', 'checkTime = 3600'],
    ...['[configuration]', 'type = File', `dirName = ${places['conf']}`],
    ...['[portal]', 'templateDir = /usr/share/lemonldap-ng/portal/templates', 'languages = en', ''],
  ]
  writeFileSync(join(folder, 'lemonldap-ng.ini'), settings.join('\n'))
  writeFileSync(join(folder, 'conf', 'lmConf-1.json'), JSON.stringify({ ...portal(issuer, folder), ...openId(issuer, redirectPort) }))
  const tls = ['--ssl', '1', '--ssl-key-file', key, '--ssl-cert-file', cert]
  const program = '/usr/share/lemonldap-ng/portal/htdocs/index.psgi'
  const listens = ['-s', 'HTTP::Server::PSGI', '-E', 'deployment', '--host', '127.0.0.1', '--port', String(port), ...tls]
  const server = new Server('plackup', [...listens, program], {
    env: {
      ...process.env,
      LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini'),
      LLNG_DEFAULTLOGGER: 'Lemonldap::NG::Common::Logger::Std',
    },
  })
  await server.answers(`${issuer}/.well-known/openid-configuration`)
  return {
    issuer,
    options: ['--audience', 'urn:roomkeeper:test', '--redirect-port', String(redirectPort)],
    person: { name: 'Doctor Who', email: 'dwho@badwolf.org' },
    elsewhere: { clientId: 'another' },
    signIn: (browser, url) => browser.signIn(url, { user: 'dwho', password: 'dwho' }),
    forget: () => {
      rmSync(join(folder, 'sessions'), { recursive: true })
      mkdirSync(join(folder, 'sessions', 'lock'), { recursive: true })
    },
    stop: () => server.stop(),
  }
}

const inFiles = (folder: string, name: string) => ({ Directory: join(folder, name), LockDirectory: join(folder, name, 'lock') })

function portal(issuer: string, folder: string) {
  return {
    cfgNum: 1,
    cfgAuthor: 'test',
    cfgDate: '1',
    cfgVersion: '2.16.1',
    portal: `${issuer}/`,
    domain: 'localhost',
    cookieName: 'lemonldap',
    securedCookie: 1,
    authentication: 'Demo',
    userDB: 'Same',
    passwordDB: 'Demo',
    registerDB: 'Null',
    demoExportedVars: { cn: 'cn', mail: 'mail', uid: 'uid' },
    whatToTrace: '_whatToTrace',
    macros: { _whatToTrace: 'lc($_user)', oid: '"oid-of-$uid"', tid: `"${directory}"` },
    groups: { 'room-admins': '$uid eq "dwho"' },
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: inFiles(folder, 'sessions'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: inFiles(folder, 'persistent'),
    localSessionStorage: 'Cache::FileCache',
    localSessionStorageOptions: { namespace: 'sessions', default_expires_in: 600, cache_root: join(folder, 'cache'), cache_depth: 3 },
    locationRules: {},
    exportedHeaders: {},
    // It loads one of them in any case, and the usual one needs more packages; none is shown.
    captcha: '::Plugins::History',
    captcha_login_enabled: 0,
    captcha_mail_enabled: 0,
    captcha_register_enabled: 0,
    portalDisplayRegister: 0,
    portalDisplayResetPassword: 0,
  }
}

function openId(issuer: string, redirectPort: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const client = (id: string, audiences: string) => {
    const options = {
      ClientID: id,
      Public: 1,
      RequirePKCE: 1,
      RedirectUris: `http://localhost:${redirectPort}`,
      AccessTokenJWT: 1,
      AccessTokenClaims: 1,
      AccessTokenSignAlg: 'RS256',
      AdditionalAudiences: audiences,
      AllowOffline: 1,
      IDTokenForceClaims: 1,
      IDTokenSignAlg: 'RS256',
    }
    return Object.fromEntries(Object.entries(options).map(([name, value]) => [`oidcRPMetaDataOptions${name}`, value]))
  }
  const claims = { name: 'cn', preferred_username: 'uid', email: 'mail', oid: 'oid', tid: 'tid', groups: 'groups' }
  const ofProfile = { profile: 'name preferred_username oid tid groups' }
  return {
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: issuer,
    oidcServicePrivateKeySig: privateKey,
    oidcServicePublicKeySig: publicKey,
    oidcServiceKeyIdSig: 'first',
    oidcRPMetaDataOptions: { console: client('console', 'urn:roomkeeper:test'), another: client('another', '') },
    oidcRPMetaDataExportedVars: { console: claims, another: claims },
    oidcRPMetaDataOptionsExtraClaims: { console: ofProfile, another: ofProfile },
  }
}
