import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { z } from 'zod'
import { Cursor } from '../../contract/feed.ts'
import type { PersonId, TenantId } from '../../contract/ids.ts'
import type { Position } from '../ground/store/generations.ts'

/** Whose cursor it is: it opens for nobody else. */
export interface Holder {
  readonly tenant: TenantId
  readonly person: PersonId
}

/** Where a snapshot's next page starts. */
const Place = z.tuple([
  /** The sequence from which changes go on. */
  z.int().min(0),
  z.int().min(0),
  /** Which kind, and after which id. */
  z.int().min(0),
  z.string().max(64),
  /** Rows in all, counted with the first page. */
  z.int().min(0),
  /** The generation of the data that the sequence is of. */
  z.string().max(16),
])
export interface SnapshotPlace {
  readonly position: Position
  readonly scope: number
  readonly kind: number
  readonly after: string
  readonly total: number
}

const nonceBytes = 12
const tagBytes = 16

/**
 * Positions in a tenant's changes as consoles hold them: AES-256-GCM, bound to tenant and person, so that a person of a
 * small scope cannot count what happens elsewhere, and nobody can make one.
 */
export class Cursors {
  readonly #key: Buffer
  readonly #nonceKey: Buffer

  /** `key`: 32 bytes, the same for the life of the data. */
  constructor(key: Buffer) {
    this.#key = key
    this.#nonceKey = createHmac('sha256', key).update('nonces of cursors').digest()
  }

  cursor(holder: Holder, { seq, generation }: Position): Cursor {
    return Cursor.parse(this.#seal('cursor', holder, `${seq} ${generation}`))
  }

  /** The position in a cursor; undefined where it is not one of this holder's. Cursors from before generations name none. */
  positionOf(holder: Holder, cursor: string): Position | undefined {
    const [seq, generation = ''] = this.#unseal('cursor', holder, cursor)?.split(' ') ?? []
    return seq === undefined ? undefined : { seq: Number(seq), generation }
  }

  place(holder: Holder, { position, scope, kind, after, total }: SnapshotPlace): string {
    return this.#seal('place', holder, JSON.stringify([position.seq, scope, kind, after, total, position.generation]))
  }

  placeOf(holder: Holder, text: string): SnapshotPlace | undefined {
    const json = this.#unseal('place', holder, text)
    if (json === undefined) return undefined
    const place = Place.safeParse(JSON.parse(json))
    if (!place.success) return undefined
    const [seq, scope, kind, after, total, generation] = place.data
    return { position: { seq, generation }, scope, kind, after, total }
  }

  #seal(purpose: string, holder: Holder, text: string): string {
    const data = bound(purpose, holder)
    const nonce = this.#nonce(data, text)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(data)
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** Made of what is sealed: the same text gives the same cursor, and no nonce serves two texts. */
  #nonce(data: Buffer, text: string): Buffer {
    return createHmac('sha256', this.#nonceKey).update(data).update(text).digest().subarray(0, nonceBytes)
  }

  #unseal(purpose: string, holder: Holder, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < nonceBytes + tagBytes) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes))
      decipher.setAAD(bound(purpose, holder))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8')
      return text + decipher.final('utf8')
    } catch {
      return undefined
    }
  }
}

const bound = (purpose: string, { tenant, person }: Holder): Buffer => Buffer.from(`${purpose}\n${tenant}\n${person}\n`)
