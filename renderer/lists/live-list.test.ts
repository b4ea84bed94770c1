import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { RoomkeeperError } from '../../contract/errors.ts'
import { useLiveList } from './live-list.ts'

interface Row {
  id: string
  open: boolean
  stamp: number
}

/** A list over rows that the test changes. */
function setUp(count: number) {
  const row = (n: number): Row => ({ id: `r${n}`, open: true, stamp: 0 })
  const rows = Array.from({ length: count }, (_, n) => row(n))
  const held = ref(false)
  const asked: number[] = []
  let fails = false
  const scope = effectScope()
  const list = scope.run(() =>
    useLiveList<Row>({
      fetch: (offset, limit) => {
        asked.push(offset)
        if (fails) return Promise.reject(new RoomkeeperError('bridge.timeout'))
        const open = rows.filter((one) => one.open)
        return Promise.resolve({ total: open.length, rows: open.slice(offset, offset + limit).map((one) => ({ ...one })) })
      },
      keyOf: (one) => one.id,
      stampOf: (one) => String(one.stamp),
      belongs: (one) => one.open,
      readOne: (key) => Promise.resolve(rows.find((one) => one.id === key) ?? null),
      held: () => held.value,
    }),
  )
  if (!list) throw new Error('The scope was ended.')
  const change = (n: number, to: Partial<Row>): void => {
    const one = rows.find(({ id }) => id === `r${n}`)
    if (one) Object.assign(one, to)
  }
  const settle = async (): Promise<void> => {
    list.changesCame()
    await vi.advanceTimersByTimeAsync(200)
  }
  return { list, rows, row, held, asked, change, settle, scope, fail: (now: boolean) => (fails = now) }
}

const idsOf = (list: ReturnType<typeof setUp>['list'], count: number): (string | undefined)[] =>
  Array.from({ length: count }, (_, n) => list.at(n)?.id)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a live list', () => {
  it('fetches only the pages that are shown', async () => {
    const { list, asked } = setUp(100_000)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    expect(list.total.value).toBe(100_000)
    list.show(50_010, 50_040)
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toEqual([0, 50_000])
    expect(list.at(50_020)?.id).toBe('r50020')
    expect(list.at(60_000)).toBeUndefined()
  })

  it('lets new rows in at once while nothing is under the cursor', async () => {
    const { list, rows, row, settle } = setUp(3)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    rows.unshift(row(9))
    await settle()
    expect(idsOf(list, 4)).toEqual(['r9', 'r0', 'r1', 'r2'])
    expect(list.changed.has('r9')).toBe(true)
    expect(list.waiting.value).toBe(0)
  })

  it('moves nothing while it is held: new rows wait, changed ones show it, gone ones are marked', async () => {
    const { list, rows, row, held, change, settle } = setUp(4)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    rows.unshift(row(8), row(9))
    change(1, { stamp: 1 })
    change(2, { open: false })
    await settle()
    expect(idsOf(list, 4)).toEqual(['r0', 'r1', 'r2', 'r3'])
    expect(list.waiting.value).toBe(2)
    expect(list.changed.has('r1')).toBe(true)
    expect([...list.left]).toEqual(['r2'])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(list.changed.has('r1')).toBe(false)

    await list.accept()
    expect(idsOf(list, 5)).toEqual(['r8', 'r9', 'r0', 'r1', 'r3'])
    expect(list.waiting.value).toBe(0)
    expect(list.left.size).toBe(0)
  })

  it('counts nothing as new that moved up from beyond what was read', async () => {
    const { list, rows, row, held, change, settle } = setUp(250)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    change(3, { open: false })
    await settle()
    expect([list.waiting.value, [...list.left]]).toEqual([0, ['r3']])
    rows.unshift(row(999))
    await settle()
    expect(list.waiting.value).toBe(1)
  })

  it('is as long as it is when it is let go, also where what went was not shown', async () => {
    const { list, held, change, settle } = setUp(250)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    change(200, { open: false })
    await settle()
    expect(list.total.value).toBe(250)
    held.value = false
    await vi.advanceTimersByTimeAsync(0)
    expect(list.total.value).toBe(249)
  })

  it('keeps a row where it is that belongs elsewhere now, and lets it go there when it is let go', async () => {
    const { list, rows, held, settle } = setUp(4)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    rows.push(...rows.splice(0, 1))
    await settle()
    expect(idsOf(list, 4)).toEqual(['r0', 'r1', 'r2', 'r3'])
    expect(list.waiting.value).toBe(0)
    held.value = false
    await vi.advanceTimersByTimeAsync(0)
    expect(idsOf(list, 4)).toEqual(['r1', 'r2', 'r3', 'r0'])
  })

  it('takes a row back that fits again', async () => {
    const { list, held, change, settle } = setUp(3)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    change(1, { open: false, stamp: 1 })
    await settle()
    expect(list.left.has('r1')).toBe(true)
    change(1, { open: true, stamp: 2 })
    await settle()
    expect(list.left.has('r1')).toBe(false)
    expect(list.at(1)?.stamp).toBe(2)
  })

  it('lets everything take its place when it is let go', async () => {
    const { list, rows, row, held, settle } = setUp(2)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    held.value = true
    rows.unshift(row(7))
    await settle()
    expect(list.waiting.value).toBe(1)
    held.value = false
    await vi.advanceTimersByTimeAsync(0)
    expect(idsOf(list, 3)).toEqual(['r7', 'r0', 'r1'])
  })

  it('reads once for many changes together, and once more for those that came meanwhile', async () => {
    const { list, asked } = setUp(2)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    asked.length = 0
    for (let n = 0; n < 50; n++) list.changesCame()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(asked).toEqual([0, 0])
  })

  it('keeps what it has when reading fails, says why, and recovers', async () => {
    const { list, settle, fail } = setUp(2)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    fail(true)
    await settle()
    expect(list.problem.value).toBe('bridge.timeout')
    expect(idsOf(list, 2)).toEqual(['r0', 'r1'])
    fail(false)
    await settle()
    expect(list.problem.value).toBeNull()
  })

  it('drops answers to an old question', async () => {
    const { list, rows } = setUp(2)
    list.reset()
    rows.splice(0, 1)
    list.reset()
    await vi.advanceTimersByTimeAsync(0)
    expect(list.total.value).toBe(1)
    expect(list.at(0)?.id).toBe('r1')
  })
})
