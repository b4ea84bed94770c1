import type { Adapter, AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { limits } from '../../contract/limits.ts'
import type { Clock } from '../../contract/system.ts'
import type { Store } from '../ground/store/store.ts'

const Payload: z.ZodType<AdapterPayload> = z.looseObject({})
const Rotated = z.looseObject({ consumed: z.number().optional(), rotations: z.number().default(0) })
/** When a token was "used" that never will be: another one was given in its place. */
const superseded = 1

/**
 * Keeps the issuer's sessions, codes and refresh tokens in the store, so that a restart signs nobody out.
 *
 * A refresh token is used once; of each sign-in one is good at any moment. The answer to its use may be lost, so for
 * `limits.refreshGraceMs` it can be used again, while nobody has used its successor, which ends with that. Any other use of
 * one that was used already means that two have it: the provider then ends the whole sign-in.
 */
export class StoreAdapter implements Adapter {
  readonly #model: string
  readonly #store: Store
  readonly #clock: Pick<Clock, 'now'>

  constructor(model: string, store: Store, clock: Pick<Clock, 'now'>) {
    this.#model = model
    this.#store = store
    this.#clock = clock
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const row = {
      model: this.#model,
      id,
      payload: JSON.stringify(payload),
      grant: payload.grantId ?? null,
      userCode: payload.userCode ?? null,
      uid: payload.uid ?? null,
      expiresAt: expiresIn === undefined ? null : this.#clock.now() + expiresIn * 1000,
    }
    await this.#store.writeService(async (db) => {
      const of = this.#model === 'RefreshToken' ? row.grant : null
      if (of !== null) {
        const family = db.selectFrom('issuerState').select(['id', 'payload']).where('model', '=', this.#model).where('grant', '=', of)
        const others = await family.where('id', '!=', id).execute()
        for (const other of others) {
          const payload = Payload.parse(JSON.parse(other.payload))
          if (payload.consumed !== undefined) continue
          const ended = JSON.stringify({ ...payload, consumed: superseded })
          await db.updateTable('issuerState').set({ payload: ended }).where('model', '=', this.#model).where('id', '=', other.id).execute()
        }
      }
      await db
        .insertInto('issuerState')
        .values(row)
        .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(row))
        .execute()
    })
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await this.#first('id', id)
    if (payload === undefined || this.#model !== 'RefreshToken' || !(await this.#countsAgain(payload))) return payload
    const { consumed: _used, ...again } = payload
    return again
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#first('userCode', userCode)
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#first('uid', uid)
  }

  async consume(id: string): Promise<void> {
    const payload = await this.#first('id', id)
    // The grace counts from the first use.
    if (!payload || payload.consumed !== undefined) return
    const consumed = JSON.stringify({ ...payload, consumed: Math.floor(this.#clock.now() / 1000) })
    await this.#store.writeService((db) =>
      db.updateTable('issuerState').set({ payload: consumed }).where('model', '=', this.#model).where('id', '=', id).execute(),
    )
  }

  async destroy(id: string): Promise<void> {
    await this.#store.writeService((db) => db.deleteFrom('issuerState').where('model', '=', this.#model).where('id', '=', id).execute())
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#store.writeService((db) => db.deleteFrom('issuerState').where('grant', '=', grantId).execute())
  }

  /** Whether a refresh token that was used may be used once more: just now, and nobody has come with what was given for it. */
  async #countsAgain(payload: AdapterPayload): Promise<boolean> {
    const { consumed, rotations } = Rotated.parse(payload)
    if (consumed === undefined || this.#clock.now() - consumed * 1_000 > limits.refreshGraceMs) return false
    const family = await this.#store.service
      .selectFrom('issuerState')
      .select('payload')
      .where('model', '=', this.#model)
      .where('grant', '=', payload.grantId ?? '')
      .execute()
    return !family.some((row) => {
      const other = Rotated.parse(JSON.parse(row.payload))
      return other.rotations > rotations && (other.consumed ?? superseded) !== superseded
    })
  }

  async #first(column: 'id' | 'userCode' | 'uid', value: string): Promise<AdapterPayload | undefined> {
    const row = await this.#store.service
      .selectFrom('issuerState')
      .select(['payload', 'expiresAt'])
      .where('model', '=', this.#model)
      .where(column, '=', value)
      .executeTakeFirst()
    if (!row || (row.expiresAt !== null && row.expiresAt <= this.#clock.now())) return undefined
    return Payload.parse(JSON.parse(row.payload))
  }
}

/** Deletes what has ended. */
export async function pruneIssuer(store: Store, now: number): Promise<void> {
  await store.writeService((db) => db.deleteFrom('issuerState').where('expiresAt', '<=', now).execute())
}
