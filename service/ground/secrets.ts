import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'
import type { Random } from '../../contract/system.ts'
import type { Store } from './store/store.ts'

/** What the service made up once and keeps for the life of its data. */
export interface ServiceSecrets {
  /** The name that devices sign for. */
  readonly serviceName: string
  /** 32 bytes that make cursors opaque. */
  readonly cursorKey: Buffer
  /** Private key of the embedded issuer (RS256), as JWK. */
  readonly signingKey: JWK
  /** Signs the issuer's cookies. */
  readonly cookieKey: string
  /** Signs the tickets of relays (REM-7): private key (Ed25519), as JWK. */
  readonly relayKey: JWK
}

const Jwk = z.looseObject({ kty: z.string(), kid: z.string() })

export async function readSecrets(store: Store, random: Random): Promise<ServiceSecrets> {
  const value = (name: string, make: () => string | Promise<string>) => keptValue(store, name, make)
  return {
    serviceName: await value('serviceName', () => `roomkeeper:${store.ids()}`),
    cursorKey: Buffer.from(await value('cursorKey', () => random.bytes(32).toString('base64url')), 'base64url'),
    signingKey: Jwk.parse(JSON.parse(await value('issuerKey', makeSigningKey))),
    cookieKey: await value('cookieKey', () => random.bytes(32).toString('base64url')),
    relayKey: Jwk.parse(JSON.parse(await value('relayKey', makeRelayKey))),
  }
}

async function keptValue(store: Store, name: string, make: () => string | Promise<string>): Promise<string> {
  const kept = await store.service.selectFrom('serviceValue').select('value').where('name', '=', name).executeTakeFirst()
  if (kept) return kept.value
  const value = await make()
  await store.writeService((db) => db.insertInto('serviceValue').values({ name, value }).execute())
  return value
}

async function makeSigningKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 })
  const jwk = await exportJWK(privateKey)
  return JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' })
}

async function makeRelayKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' })
}
