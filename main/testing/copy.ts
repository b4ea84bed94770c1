import { join } from 'node:path'
import { someBytes } from '../../contract/testing/chance.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { Outbox } from '../outbox/outbox.ts'
import { OutboxStore } from '../outbox/store.ts'
import { Picture } from '../views/picture.ts'
import { Shown } from '../views/shown.ts'
import { bytesOf, openTestCache } from './cache.ts'
import { tempFolder } from './fakes.ts'

/** A synced copy with its outbox, as views show them; one for each test. */
export class TestCopy {
  readonly cache = openTestCache()
  readonly #folder = tempFolder()
  readonly #clock = new FakeClock()
  readonly outbox = new Outbox(
    OutboxStore.open(join(this.#folder.path, 'outbox.db'), someBytes(32), this.#clock.now()).store,
    fakeSystem(this.#clock),
  )
  shown = new Shown(this.cache.reader, this.outbox)

  /** Puts these rows in as a whole snapshot. */
  load(rows: unknown[]): void {
    this.shown.close()
    this.cache.fill(rows, 'c1')
    this.shown = new Shown(this.cache.reader, this.outbox)
  }

  /** The service tells of a change. */
  change(from: string, to: string, rows: unknown[]): void {
    const { change: told } = this.cache.writer.feed(bytesOf({ type: 'batch', scope: 1, from, to, rows, behind: 0 }), 1)
    if (told !== undefined) this.shown.cacheChanged(told)
  }

  picture(): Picture {
    return new Picture([this.shown])
  }

  close(): void {
    this.shown.close()
    this.outbox.close()
    this.cache.remove()
    this.#folder.remove()
  }
}
