import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'
import { type Part, startPart } from '../../build/part.ts'
import { programs } from '../../contract/testing/programs.ts'
import type { Candidate } from './job.ts'

const Ready = z.object({ ready: z.literal(true), service: z.url() })

export interface Started {
  readonly candidate: Candidate
  readonly part: Part<z.infer<typeof Ready>>
  readonly log: string
}

export interface Keys {
  readonly key: JWK
  readonly file: string
}

/** The key that tickets of this run are signed with; its public part is in the file. */
export async function makeKeys(folder: string): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const file = join(folder, 'relay.jwk')
  writeFileSync(file, JSON.stringify(await exportJWK(publicKey)))
  return { key: await exportJWK(privateKey), file }
}

const id = 'bench'

/** Starts one of them in a process of its own; with its inspector open where memory is measured. */
export async function startCandidate(kind: Candidate['kind'], folder: string, keys: Keys, inspected = false): Promise<Started> {
  const scripts = {
    pipe: ['bench/relay/tcp-pipe.ts'],
    ws: ['bench/relay/ws-pipe.ts'],
    relay: [programs.service, 'relay', '--key-file', keys.file, '--relay-id', id, '--port', '0', '--log-level', 'warn'],
  } as const
  const log = join(folder, `${kind}.log`)
  const part = await startPart({ name: kind, args: [...(inspected ? ['--inspect=127.0.0.1:0'] : []), ...scripts[kind]], ready: Ready, log })
  return { candidate: { kind, url: part.ready.service, id, key: keys.key }, part, log }
}

/** Why websockify is not among them. */
export const withoutWebsockify = (): string =>
  spawnSync('websockify', ['--help']).error
    ? 'websockify is not on this machine'
    : 'websockify is on this machine, but speaks to one fixed target and pairs nobody: not measured'
