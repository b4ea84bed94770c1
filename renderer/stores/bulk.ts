import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { IncidentCommand } from '../../contract/commands.ts'
import type { CommandKey } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'

/** From so many commands on their way is shown. */
const worthProgress = 20

/** Commands about many incidents: handed over in parts, with how far it is. */
export const useBulk = defineStore('bulk', () => {
  const bridge = useBridge()
  const toasts = useToasts()
  const core = useConsole()

  /** What the outbox has taken, then what is on its way; `before`: what was to be sent already. */
  const now = shallowRef<{ step: 'taking'; done: number; of: number } | { step: 'sending'; before: number; of: number } | null>(null)
  const unsent = ({ before, of }: { before: number; of: number }): number => Math.min(of, Math.max(0, core.outbox.toSend - before))
  /** How far it is, where that takes long enough to be shown. */
  const progress = computed(() => {
    const at = now.value
    if (at === null || at.of < worthProgress) return null
    if (at.step === 'taking') return at
    const left = core.offline ? 0 : unsent(at)
    return left === 0 ? null : { step: at.step, done: at.of - left, of: at.of }
  })
  watch(
    () => core.outbox,
    (_, before) => {
      const at = now.value
      if (at?.step === 'sending' && unsent(at) === 0 && before.toSend > at.before) now.value = null
    },
  )

  /** The keys of those that were taken, which are the first. The reason is shown where it is not all of them. */
  async function submit(commands: readonly IncidentCommand[], failed: string): Promise<CommandKey[]> {
    const before = core.outbox.toSend
    const taken: CommandKey[] = []
    try {
      while (taken.length < commands.length) {
        now.value = { step: 'taking', done: taken.length, of: commands.length }
        const { keys } = await bridge.call('commands.submitAll', {
          commands: commands.slice(taken.length, taken.length + limits.commandsAtOnce),
        })
        taken.push(...keys)
      }
    } catch (error) {
      toasts.problem(failed, error)
    }
    now.value = { step: 'sending', before, of: taken.length }
    return taken
  }

  return { progress, submit }
})
