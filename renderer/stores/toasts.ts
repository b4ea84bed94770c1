import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ErrorCode } from '../../contract/errors.ts'
import { codeOf } from '../bridge/index.ts'

export interface Toast {
  readonly id: number
  readonly tone: 'plain' | 'problem'
  readonly text: string
  /** What could not be done, before the reason; problems only. */
  readonly code?: ErrorCode
  readonly path?: string
  readonly undo?: () => void
}

/** How long a message stays; with an undo longer, a file's place and a problem until they are closed. */
const plainMs = 4_000
const undoMs = 8_000
/** Problems that stand side by side. A third one takes the place of the oldest. */
const problemsAtMost = 2

/**
 * Short messages at the lower edge: the newest of what was done, and problems until they are closed. While the pointer or
 * the keyboard is on them nothing goes; the time begins anew when it leaves.
 */
export const useToasts = defineStore('toasts', () => {
  const shown = ref<Toast[]>([])
  let lastId = 0
  let held = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function close(id: number): void {
    shown.value = shown.value.filter((toast) => toast.id !== id)
  }

  /** Counts the time of the plain one, which is the only one that goes by itself. */
  function count(): void {
    clearTimeout(timer)
    const plain = shown.value.find(({ tone, path }) => tone === 'plain' && path === undefined)
    if (plain && !held) timer = setTimeout(() => close(plain.id), plain.undo ? undoMs : plainMs)
  }

  function hold(on: boolean): void {
    if (held === on) return
    held = on
    count()
  }

  function show(toast: Omit<Toast, 'id'>): void {
    const problems = shown.value.filter(({ tone }) => tone === 'problem')
    const plain = shown.value.filter(({ tone }) => tone === 'plain')
    const made = { ...toast, id: ++lastId }
    shown.value = toast.tone === 'plain' ? [...problems, made] : [...problems.slice(1 - problemsAtMost), made, ...plain]
    count()
  }

  const say = (text: string, undo?: () => void): void => show({ tone: 'plain', text, ...(undo ? { undo } : {}) })
  const saved = (text: string, path: string): void => show({ tone: 'plain', text, path })
  /** Says what could not be done and, by its code, why. */
  const problem = (text: string, error: unknown): void => show({ tone: 'problem', text, code: codeOf(error) })

  return { shown, close, hold, say, saved, problem }
})
