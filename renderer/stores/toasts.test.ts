import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { useToasts } from './toasts.ts'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => {
  vi.useRealTimers()
})
const texts = (toasts: ReturnType<typeof useToasts>) => toasts.shown.map(({ text }) => text)

describe('messages', () => {
  it('are one of what was done: the newest, which goes by itself', () => {
    const toasts = useToasts()
    toasts.say('one')
    toasts.say('two', () => undefined)
    expect(texts(toasts)).toEqual(['two'])
    vi.advanceTimersByTime(4_000)
    expect(texts(toasts)).toEqual(['two'])
    vi.advanceTimersByTime(4_000)
    expect(texts(toasts)).toEqual([])
  })

  it('stay while the pointer or the keyboard is on them, and for their whole time after that', () => {
    const toasts = useToasts()
    toasts.say('done', () => undefined)
    vi.advanceTimersByTime(7_999)
    toasts.hold(true)
    vi.advanceTimersByTime(600_000)
    expect(texts(toasts)).toEqual(['done'])
    toasts.hold(false)
    vi.advanceTimersByTime(7_999)
    expect(texts(toasts)).toEqual(['done'])
    vi.advanceTimersByTime(1)
    expect(texts(toasts)).toEqual([])
  })

  it('keep problems until they are closed, whatever else is done', () => {
    const toasts = useToasts()
    toasts.problem('failed', new RoomkeeperError('outbox.full'))
    toasts.say('done')
    vi.advanceTimersByTime(600_000)
    expect(texts(toasts)).toEqual(['failed'])
    for (const { id } of toasts.shown) toasts.close(id)
    expect(texts(toasts)).toEqual([])
  })
})
