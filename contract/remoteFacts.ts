import { z } from 'zod'

/** What of remote access (REM-3, REM-4) devices, documents and sessions all name. */

export const DisplayId = z.enum(['console', 'frontOfRoom1', 'frontOfRoom2'])
export type DisplayId = z.infer<typeof DisplayId>

/** `view`: see the screen; `modify`: drive it too, and open a terminal. */
export const RemoteMode = z.enum(['view', 'modify'])
export type RemoteMode = z.infer<typeof RemoteMode>

/** What a device offers to remote sessions; one without it supports none. */
export const RemoteFacts = z.object({
  displays: z.array(DisplayId).max(3),
  terminal: z.boolean(),
  /** Whether it can be restarted from a session. */
  restart: z.boolean(),
})
export type RemoteFacts = z.infer<typeof RemoteFacts>

/** Whether there is anything for such a session: a screen, or a terminal for who may drive (REM-3, REM-9). */
export const hasAnythingFor = (mode: RemoteMode, { displays, terminal }: Pick<RemoteFacts, 'displays' | 'terminal'>): boolean =>
  displays.length > 0 || (mode === 'modify' && terminal)
