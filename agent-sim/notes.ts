import { limits } from '../contract/limits.ts'

/**
 * Says what a process has to say of its network, and not the same again within `noteMs`: a thousand devices lose their service for one
 * reason. `now`: ms of a clock that is never set.
 */
export function notesOf(say: ((text: string) => void) | undefined, now: () => number): (text: string) => void {
  const saidAt = new Map<string, number>()
  return (text) => {
    const at = now()
    const before = saidAt.get(text)
    if (before !== undefined && at - before < limits.noteMs) return
    saidAt.delete(text)
    if (saidAt.size >= limits.notesKept) saidAt.delete(saidAt.keys().next().value ?? '')
    saidAt.set(text, at)
    say?.(text)
  }
}
