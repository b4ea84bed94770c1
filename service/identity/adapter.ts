import type { Adapter, AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import type { Store } from '../store/store.ts'

/** Keeps the issuer's sessions, codes and refresh tokens in the store, so that a restart signs nobody out. */

const Payload: z.ZodType<AdapterPayload> = z.looseObject({})

export class StoreAdapter implements Adapter {
  readonly #model: string
  readonly #store: Store
  readonly #now: () => number

  constructor(model: string, store: Store, now: () => number) {
    this.#model = model
    this.#store = store
    this.#now = now
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const row = {
      model: this.#model,
      id,
      payload: JSON.stringify(payload),
      grant: payload.grantId ?? null,
      userCode: payload.userCode ?? null,
      uid: payload.uid ?? null,
      expiresAt: expiresIn === undefined ? null : this.#now() + expiresIn * 1000,
    }
    await this.#store.writeService((db) =>
      db
        .insertInto('issuerState')
        .values(row)
        .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(row))
        .execute(),
    )
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#first('id', id)
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#first('userCode', userCode)
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#first('uid', uid)
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id)
    if (!payload) return
    const consumed = JSON.stringify({ ...payload, consumed: Math.floor(this.#now() / 1000) })
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

  async #first(column: 'id' | 'userCode' | 'uid', value: string): Promise<AdapterPayload | undefined> {
    const row = await this.#store.service
      .selectFrom('issuerState')
      .select(['payload', 'expiresAt'])
      .where('model', '=', this.#model)
      .where(column, '=', value)
      .executeTakeFirst()
    if (!row || (row.expiresAt !== null && row.expiresAt <= this.#now())) return undefined
    return Payload.parse(JSON.parse(row.payload))
  }
}

/** Deletes what has ended. */
export async function pruneIssuer(store: Store, now: number): Promise<void> {
  await store.writeService((db) => db.deleteFrom('issuerState').where('expiresAt', '<=', now).execute())
}
