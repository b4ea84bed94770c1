import { defineStore } from 'pinia'
import { ref } from 'vue'

export const guides = ['enrol', 'proxy', 'byHand', 'offboard'] as const
export type Guide = (typeof guides)[number]

/** Which of the shell's panels are open. */
export const useShell = defineStore('shell', () => {
  const palette = ref(false)
  const outbox = ref(false)
  const shortcuts = ref(false)
  const signOut = ref(false)
  /** The room whose page is open is to be suppressed. */
  const suppress = ref(false)
  const guide = ref<Guide | null>(null)
  return { palette, outbox, shortcuts, signOut, suppress, guide }
})
