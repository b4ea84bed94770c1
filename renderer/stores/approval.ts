import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import type { CommandKey } from '../../contract/ids.ts'
import { useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'

/** How long the service is waited for before a change is said to be on its way. */
const patienceMs = 5_000

/** Whether what was just sent waits for a customer's approval (PAR-5), so that it is not said to be done. */
export const useApproval = defineStore('approval', () => {
  const bridge = useBridge()
  const core = useConsole()
  /** Only what is done in a customer's organisation can wait there. */
  const possible = computed(() => core.tenants.some(({ id, link }) => link !== null && (core.all || id === core.entered)) && !core.offline)

  /** Resolves when the outbox has another state, or after `ms`. */
  const change = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        stop()
        resolve()
      }
      const timer = setTimeout(done, ms)
      const stop = watch(() => core.outbox, done)
    })

  async function isAsked(keys: readonly CommandKey[]): Promise<boolean> {
    const until = Date.now() + patienceMs
    const mine = new Set(keys)
    while (possible.value) {
      const changed = change(Math.max(0, until - Date.now()))
      const { rows } = await bridge.call('outbox.list', {})
      const states = rows.filter(({ key }) => mine.has(key)).map(({ state }) => state)
      if (states.includes('requested')) return true
      if (!states.some((state) => state === 'pending' || state === 'sending') || Date.now() >= until) return false
      await changed
    }
    return false
  }

  return { isAsked: (keys: readonly CommandKey[]): Promise<boolean> => isAsked(keys).catch(() => false) }
})
