import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { v7 } from 'uuid'
import { SessionKey } from '../../agent.ts'
import { SessionId } from '../../ids.ts'
import { SessionGrant, sessionGrantType } from '../../remote.ts'
import type { SessionKeys } from '../interfaces.ts'
import { agree, makePair } from '../keys.ts'

/** For tests: what signs grants. */
export interface Signer {
  readonly privateKey: JWK
  readonly publicKey: SessionKey
}

export async function makeSigner(): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { privateKey: await exportJWK(privateKey), publicKey: SessionKey.parse(await exportJWK(publicKey)) }
}

/** A grant of an hour, from now on. */
export function makeGrant(key: string, more: Partial<SessionGrant> = {}): SessionGrant {
  const now = Math.floor(Date.now() / 1000)
  return SessionGrant.parse({
    iss: 'service of a test',
    sid: v7(),
    tenant: v7(),
    room: v7(),
    device: v7(),
    operator: { id: v7(), name: 'Amélie Laurent' },
    mode: 'modify',
    displays: ['console'],
    terminal: true,
    record: false,
    key,
    iat: now,
    exp: now + 3_600,
    ...more,
  })
}

/** As the service does it. */
export const signGrant = (grant: object, { privateKey }: Signer, header: { alg?: string; typ?: string } = {}): Promise<string> =>
  new SignJWT({ ...grant }).setProtectedHeader({ alg: 'EdDSA', typ: sessionGrantType, ...header }).sign(privateKey)

export interface KeysOfBoth {
  readonly session: SessionId
  readonly operator: SessionKeys
  readonly device: SessionKeys
}

/** What both ends of a new session have agreed on. */
export async function makeKeys(session: string = v7()): Promise<KeysOfBoth> {
  const console = makePair()
  const device = makePair()
  const grant = await signGrant(makeGrant(console.publicKey, { sid: SessionId.parse(session) }), await makeSigner())
  return {
    session: SessionId.parse(session),
    operator: agree({ side: 'operator', privateKey: console.privateKey, peerKey: device.publicKey, grant }),
    device: agree({ side: 'device', privateKey: device.privateKey, peerKey: console.publicKey, grant }),
  }
}
