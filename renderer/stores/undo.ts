import { defineStore } from 'pinia'
import { watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'

interface Act {
  readonly text: string
  readonly at: number
  /** Takes it back. False: it could not be, and the reason is shown. */
  readonly run: () => Promise<boolean>
}

/** Acts that `z` can still take back, and for how long. */
const actsKept = 20
const keptMs = 10 * 60_000

/** What was done and can be taken back: in its message, and by key also after the message has gone, the newest first. */
export const useUndo = defineStore('undo', () => {
  const core = useConsole()
  const toasts = useToasts()
  const { t } = useI18n({ useScope: 'global' })
  let acts: Act[] = []

  const taken = new WeakSet<Act>()

  async function takeBack(act: Act): Promise<void> {
    if (taken.has(act)) return
    taken.add(act)
    acts = acts.filter((one) => one !== act)
    if (await act.run()) toasts.say(t('did.undone', { what: act.text }))
  }

  /** Says what was done, and remembers how it is taken back. */
  function did(text: string, run: () => Promise<boolean>): void {
    const act = { text, at: Date.now(), run }
    acts = [...acts, act].slice(-actsKept)
    toasts.say(text, () => void takeBack(act))
  }

  /** Takes the newest act back, if there is one of the last minutes. */
  function last(): void {
    acts = acts.filter(({ at }) => Date.now() - at < keptMs)
    const act = acts.at(-1)
    if (act) void takeBack(act)
    else toasts.say(t('did.nothingToUndo'))
  }

  // Another person's acts, or those in another organisation, are not this one's to take back by a key.
  watch([() => core.me?.id, () => core.entered], () => (acts = []))

  return { did, last }
})
